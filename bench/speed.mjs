import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  NoopSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { Traced, traceTask } from 'oncespan';
import { SerialBatchSpanProcessor } from 'oncespan/sdk';
import { compare } from './compare.mjs';

const CALLS = 20_000;

/** What `@Traced()` does, without decorator syntax, which plain JavaScript lacks. */
function tracedMethod(type, key, ...options) {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, key);
  Object.defineProperty(
    type.prototype,
    key,
    Traced(...options)(type.prototype, key, descriptor) ?? descriptor,
  );
  return type;
}

const Ours = tracedMethod(
  class Orders {
    async place(id) {
      return id;
    }
  },
  'place',
);

class Untraced {
  async place(id) {
    return id;
  }
}

class HandWritten {
  async place(id) {
    return trace.getTracer('hand-written').startActiveSpan('Orders.place', async (span) => {
      try {
        return await this.#place(id);
      } catch (error) {
        span.recordException(error);
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
        throw error;
      } finally {
        span.end();
      }
    });
  }

  async #place(id) {
    return id;
  }
}

const sequence = (target) => async (calls) => {
  for (let i = 0; i < calls; i++) await target.place(i);
};

const ourTask = traceTask(async (_signal, id) => id, { name: 'task', flush: 'never' });

async function handWrittenTask(signal, id) {
  return trace.getTracer('hand-written').startActiveSpan('task', async (span) => {
    const onAbort = () => {
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(signal.reason) });
      span.end();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await (async () => id)();
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      span.end();
    }
  });
}

const AT_ONCE = 200;
const burst = (task) => async (calls) => {
  const { signal } = new AbortController();
  for (let i = 0; i < calls; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, k) => task(signal, i + k)));
  }
};

function register(options) {
  trace.disable();
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new NoopSpanProcessor()], ...options }),
  );
}

const acceptAll = { export: (_spans, answer) => answer({ code: 0 }), shutdown: async () => {} };
const endedSpan = new TracerProvider().getTracer('bench').startSpan('ended');
endedSpan.end();

/** As many at a time as leave room in the queue: what is measured is the way to the exporter, not the dropping. */
const ends = (processor) => async (calls) => {
  for (let i = 0; i < calls; i += 1000) {
    for (let k = 0; k < 1000; k++) processor.onEnd(endedSpan);
    await processor.forceFlush();
  }
};

const rows = [];
async function row(name, budget, contest) {
  rows.push({ name, budget, ...(await compare({ calls: CALLS, ...contest })) });
}

// Warmed up with a provider first: an application that runs without one has no polymorphic history, this process does.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const ours = sequence(new Ours());
const handWritten = sequence(new HandWritten());

await row('no SDK registered, against hand-written', 0.2, { ours, theirs: handWritten });
await row('no SDK registered, against the untraced call', 1.5, { ours, theirs: sequence(new Untraced()) });
register({});
await row('`@Traced` async method, sampled, against hand-written', 0.95, { ours, theirs: handWritten });
await row('`traceTask` with a shared signal, against hand-written', 0.9, {
  ours: burst(ourTask),
  theirs: burst(handWrittenTask),
});
register({ sampler: new AlwaysOffSampler() });
await row('`@Traced` async method, not sampled, against hand-written', 0.95, { ours, theirs: handWritten });

await row('SerialBatchSpanProcessor.onEnd, against BatchSpanProcessor', 1, {
  ours: ends(new SerialBatchSpanProcessor(acceptAll)),
  theirs: ends(new BatchSpanProcessor({ exporter: acceptAll })),
});

console.log(`Node ${process.version}, ${process.platform} ${process.arch}, ${CALLS} calls a round`);
console.log('\n| Case | ours | theirs | ratio | budget |\n| --- | --- | --- | --- | --- |');
for (const { name, budget, ratio, ...times } of rows) {
  const medians = [times.ours, times.theirs].map((time) => `${Math.round(time)} ns`);
  const cells = [name, ...medians, ratio.toFixed(2), budget.toFixed(2)];
  console.log(`| ${cells.join(' | ')} |${ratio <= budget ? '' : ' OVER'}`);
}
