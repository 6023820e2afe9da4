// What `trace` is in each mode.

/** By name: how the table calls them. `plain` loads nothing of oncespan's or of OpenTelemetry's. */
export const MODES = { plain: 'plain', none: 'no SDK', sampled: 'sampled', unsampled: 'not sampled' };

/**
 * @returns `trace`, which wraps what is under test, and `count`, which says how many spans have started and ended, how
 *   many of them as abandoned, and which are live
 */
export async function startMode(mode) {
  if (mode === 'plain') {
    return {
      trace: tracer(
        (fn) => fn,
        (type) => type,
      ),
      count: () => ({ started: 0, ended: 0, abandoned: 0, live: [] }),
    };
  }
  const { Traced, liveSpans, traceTask } = await import('oncespan');
  const spans = { started: 0, ended: [] };
  if (mode !== 'none') {
    const { context, trace } = await import('@opentelemetry/api');
    const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
    const { AlwaysOffSampler, AlwaysOnSampler, TracerProvider } = await import('@opentelemetry/sdk-trace');
    const recorder = {
      onStart: () => void spans.started++,
      onEnd: (span) => void spans.ended.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const sampler = mode === 'sampled' ? new AlwaysOnSampler() : new AlwaysOffSampler();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [recorder], sampler }));
  }
  const isAbandoned = ({ attributes }) => attributes['oncespan.outcome'] === 'abandoned';
  return {
    trace: tracer(
      (fn, options) => traceTask(fn, options),
      (type, options) => {
        Traced(options)(type);
        return type;
      },
    ),
    count: () => ({
      started: spans.started,
      ended: spans.ended.length,
      abandoned: spans.ended.filter(isAbandoned).length,
      live: liveSpans().map(({ name }) => name),
    }),
  };
}

/** `trace(fn)`, `trace.all(module)`, `trace.members(object, names)` and `trace.class(type)`. */
function tracer(wrap, decorate) {
  const isTraceable = (value) =>
    typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
  return Object.assign(wrap, {
    /** A copy of a module or an object with every function traced, but for classes and those named in `except`. */
    all: (module, except = []) =>
      Object.fromEntries(
        Object.entries(module).map(([name, value]) => [
          name,
          isTraceable(value) && !except.includes(name) ? wrap(value) : value,
        ]),
      ),
    /** In place, also what is inherited. @returns the object */
    members: (object, names) => {
      for (const name of names) object[name] = wrap(object[name]);
      return object;
    },
    /** As the decorator of a class, in place. @returns the class */
    class: decorate,
  });
}
