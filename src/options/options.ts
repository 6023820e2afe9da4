import type { Attributes, Context, Link, SpanContext, SpanKind, TracerProvider } from '@opentelemetry/api';
import type { AbortSignalLike } from '../platform/abort-signal.ts';
import type { ErrorMatcher } from './error-matcher.ts';
import type { FlushResult } from '../platform/flush.ts';

export type AnyFunction = (...args: never[]) => unknown;

/** `child` of the parent, a `root` without one, or a new root `linked` to what would have been the parent. */
export type Relation = 'child' | 'root' | 'linked';

/**
 * What is written down of something that was thrown: as an exception event, in the span's status, and as `error.type`. Whatever
 * was thrown, it is an object of this shape.
 */
export interface RecordedException {
  /** The error's name, or the kind of the value: `string`, `null`, `Object`. Never empty, never a numeric code. */
  readonly name: string;
  /** At most 4096 characters. */
  readonly message?: string | undefined;
  /** With those of the errors that caused it. At most 16,384 characters. */
  readonly stack?: string | undefined;
  /** For the attribute `error.type`: `error.code` if that is a string (`ECONNRESET`), else the name. */
  readonly type: string;
}

export type Redact = (exception: RecordedException) => RecordedException | undefined;

/**
 * Headers that carry a trace, as systems hand them over: an object, `Headers`, a `Map`, anything with `get()`. Names in any
 * case; values are text, bytes (`Buffer`, or as numbers), the first of several, or what AWS wraps them in (`StringValue`).
 */
export type Carrier = Readonly<Record<string, unknown>> | { get(name: string): unknown };

/** What is a failure, and what an abort is. A function's own options stand in place of those of its instance. */
export interface EndingSettings {
  /**
   * Errors that are not failures: the span ends with the outcome `ignored`, and its status is left alone.
   *
   * @default none; for a function, those of its instance
   */
  ignoreErrors?: ErrorMatcher | readonly ErrorMatcher[];
  /**
   * Whether an abort sets the status to ERROR (`error`), or leaves it alone (`unset`). The outcome is `aborted` either way.
   *
   * @default `error`; for a function, that of its instance
   */
  cancellation?: 'error' | 'unset';
  /**
   * Milliseconds that the work has after an abort to settle on its own account. With 0 the abort ends the span.
   *
   * @default 0; for a function, that of its instance
   */
  abortGraceMs?: number;
}

/**
 * How one span is named, started and ended. Every option is optional. Those that are functions get the arguments of the call;
 * what they throw is reported through `diag`, and the call goes on as if they had answered nothing.
 *
 * @example
 * traceTask(sendReceipt, {
 *   name: (order) => `receipt ${order.kind}`,
 *   kind: SpanKind.CONSUMER,
 *   attributes: (order) => ({ 'order.id': order.id }),
 *   resultAttributes: (receipt) => ({ 'receipt.bytes': receipt.bytes }),
 *   relation: 'linked',
 *   signal: (order, signal) => signal,
 *   abortGraceMs: 500,
 *   ignoreErrors: [NotFound, 'RateLimitError', (error) => error instanceof HttpError && error.status < 500],
 *   cancellation: 'unset',
 *   enabled: () => flags.tracing,
 * });
 */
export interface SpanOptions<Args extends unknown[] = unknown[], Result = unknown> extends EndingSettings {
  /**
   * The span's name. Keep what differs from call to call, such as an id, out of it: that is for `attributes`.
   * https://opentelemetry.io/docs/specs/otel/trace/api/#span
   *
   * @default `Class.method`; the function's name, or `task`; `span` for `withSpan` and `startSpan`
   */
  name?: string | ((...args: Args) => string);
  /**
   * Whether the span stands for a request that is made or served, a message that is sent or processed, or none of these.
   * https://opentelemetry.io/docs/specs/otel/trace/api/#spankind
   *
   * @default `SpanKind.INTERNAL`
   */
  kind?: SpanKind | ((...args: Args) => SpanKind | undefined);
  /**
   * Put on the span when it starts, where samplers see them; they win over those of the instance and of `@SpanAttribute()`.
   * Arguments are never recorded unless you do it here.
   *
   * @default none
   */
  attributes?: Attributes | ((...args: Args) => Attributes | undefined);
  /**
   * Put on the span when the work has returned; not when it failed. The function gets what a promise has resolved to; an
   * iterator, stream or observable as it is, at its end.
   *
   * @default none
   */
  resultAttributes?: (value: Awaited<Result>) => Attributes | undefined;
  /**
   * `child` of the active span, a `root` of a trace of its own, or such a root that is `linked` to the active span: for work
   * that outlives whoever has asked for it.
   * https://opentelemetry.io/docs/specs/otel/overview/#links-between-spans
   *
   * @default `child`
   */
  relation?: Relation;
  /**
   * Links that the span has from its start on: to the spans of the messages of a batch, to what a job waited for. Links, span
   * contexts, or carriers such as message headers, at most 128; those that carry no trace are left out.
   * https://opentelemetry.io/docs/specs/otel/trace/api/#specifying-links
   *
   * @default none
   * @example
   * traceTask(sendAll, { links: (jobs) => jobs.map((job) => job.data.headers) });
   */
  links?: (...args: Args) => readonly (Link | SpanContext | Carrier | undefined)[] | undefined;
  /**
   * The signal whose abort ends the span. `false`: none. One that has aborted already ends it at once; nothing is listened to
   * once the span has ended.
   * https://dom.spec.whatwg.org/#interface-AbortSignal
   *
   * @default found in the arguments: an `AbortSignal`, a `Request`'s, or an own `signal` or `abortSignal` of the first or the
   * last argument, or of every element of it, if they share one
   */
  signal?: AbortSignalLike | ((...args: Args) => AbortSignalLike | undefined) | false;
  /**
   * Milliseconds after which the span ends as `timed-out`. The work goes on. No answer of a function is no limit; one of 0 or
   * less is reported, and is none either.
   *
   * A limit that a function gives says when the host is going to stop, so what the call has begun ends with it: when it ends
   * a span that has no live parent in this process, the live spans below that end, too, children first.
   *
   * @default never
   * @example
   * traceTask(handle, { timeoutMs: (event, context) => context.getRemainingTimeInMillis() - 500 });
   */
  timeoutMs?: number | ((...args: Args) => number | undefined);
  /**
   * How long the span lasts. `work`: as long as what the call returns, until the promise has settled or the iterator, stream or
   * observable has ended. `call`: until the call has returned. A function answers the promise, iterator or stream inside the
   * result that the span is to end with: a member that is the same object at every look, or the result itself.
   *
   * @default `work`
   * @example
   * traceTask(complete, { covers: (stream) => stream }); // openai.chat.completions.create({ stream: true })
   */
  covers?: 'work' | 'call' | ((value: Awaited<Result>) => unknown);
  /**
   * Whether the call makes a span. A function is asked at every call, and only `false` counts. The instance's has to agree.
   *
   * @default `true`
   */
  enabled?: boolean | (() => boolean);
}

/**
 * When a task flushes: `auto` is `background` for a task whose span has no live parent in this process, and with `waitUntil`;
 * else it is `never`.
 */
export type FlushMode = 'auto' | 'background' | 'await' | 'never';

/** When a task flushes, and how long is waited for that. */
export interface FlushSettings<Args extends unknown[] = unknown[]> {
  /**
   * When a task asks for a flush at its end. With `background` nobody waits for it; with `await` the task's promise settles
   * only after it, or after `flushTimeoutMs`.
   *
   * @default `auto`: `background` for a task whose span has no live parent in this process, and with `waitUntil`; else `never`
   * @example
   * traceTask(sendReceipt, { flush: 'await' }); // for a process that is frozen once it has answered
   */
  flush?: FlushMode;
  /**
   * Milliseconds that a flush is waited for at the longest, by `await`, `waitUntil`, `flush()` and `await using`.
   *
   * @default 5000
   */
  flushTimeoutMs?: number;
  /**
   * Called with the flush and the arguments of the call, to keep a serverless invocation alive until the flush has ended.
   * With it, `auto` flushes after every task. The promise never rejects, and settles within `flushTimeoutMs`.
   *
   * @default none
   * @example
   * traceTask(respond, { waitUntil: (flushed, request, env, ctx) => ctx.waitUntil(flushed) });
   */
  waitUntil?: (flushed: Promise<FlushResult>, ...args: Args) => void;
}

/**
 * {@link SpanOptions}, and where a task belongs and when it is flushed. For `traceTask`.
 *
 * @example
 * traceTask(sendReceipt, { from: (order) => order.headers, timeoutMs: 60_000, flush: 'await' });
 */
export interface TaskOptions<Args extends unknown[] = unknown[], Result = unknown>
  extends SpanOptions<Args, Result>, Omit<FlushSettings<Args>, 'flushTimeoutMs'> {
  /**
   * Milliseconds that a flush is waited for at the longest, by `await` and `waitUntil`. What a function answers when the flush
   * begins, such as the time that is left of an invocation, can only shorten that.
   *
   * @default that of the instance, which is 5000
   * @example
   * traceTask(handle, { flush: 'await', flushTimeoutMs: (event, context) => context.getRemainingTimeInMillis() - 100 });
   */
  flushTimeoutMs?: number | ((...args: Args) => number | undefined);
  /**
   * Where the parent comes from: the context in which the task is called (`call`), the one in which it was wrapped (`wrap`),
   * or what the function answers: a context, a span context, or a carrier such as message headers. A carrier is read by the
   * registered propagator; one that carries no trace makes a root. So does no answer, with a link to the active span as long as
   * that is live. One that cannot be read is reported.
   * https://opentelemetry.io/docs/specs/otel/context/api-propagators/#extract
   *
   * @default `call`
   * @example
   * traceTask(sendReceipt, { from: (order) => order.headers });
   */
  from?: 'call' | 'wrap' | ((...args: Args) => Context | SpanContext | Carrier | undefined);
  /**
   * The `length` of the function that comes back, for hosts that read from it what to call it with.
   *
   * @default the function's
   * @example
   * new Worker('mail', traceTask(sendMail, { length: 3 })); // BullMQ makes a signal for who takes three parameters
   */
  length?: number;
}

/**
 * Settings of an instance, and defaults of the spans that it makes. For `configure` and `createTracing`.
 *
 * @example
 * configure({
 *   tracerName: 'orders',
 *   tracerVersion: '2.1.0',
 *   enabled: () => flags.tracing,
 *   attributes: { team: 'checkout' },
 *   attributeNames: { error: null, outcome: 'checkout.outcome' },
 *   ignoreErrors: NotFound,
 *   cancellation: 'unset',
 *   abortGraceMs: 500,
 *   exceptionEvents: 'origin-only',
 *   flushTimeoutMs: 2000,
 * });
 */
export interface TracingOptions extends EndingSettings, FlushSettings {
  /**
   * The name of the tracer that makes the spans: their instrumentation scope.
   * https://opentelemetry.io/docs/specs/otel/trace/api/#get-a-tracer
   *
   * @default `oncespan`
   */
  tracerName?: string;
  /**
   * The version of that tracer.
   *
   * @default that of this package, as long as the name is `oncespan`; else none
   */
  tracerVersion?: string;
  /**
   * Whether calls make spans. A function is asked at every call; spans that are live end as they would have.
   *
   * @default `true`
   */
  enabled?: boolean | (() => boolean);
  /**
   * Put on every span.
   *
   * @default none
   */
  attributes?: Attributes;
  /**
   * Renames the two attributes that this library invented, or leaves one out with `null`.
   *
   * @default `{ error: 'error', outcome: 'oncespan.outcome' }`
   */
  attributeNames?: { error?: string | null; outcome?: string | null };
  /**
   * On which spans an error becomes an exception event: on every span that it passes (`every-span`), on the one that it came
   * from (`origin-only`), or on `none`. Status, `error` and `error.type` stand on each of them all the same.
   * https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
   *
   * @default `every-span`
   */
  exceptionEvents?: 'every-span' | 'origin-only' | 'none';
  /**
   * Sees every error before anything of it is written, and answers what is. With no answer, or if it throws, that is its
   * type alone.
   *
   * @default none: what was thrown is written as it is
   * @example
   * configure({
   *   redact: (exception) => ({ ...exception, message: exception.message?.replace(/\d{12,}/g, '…'), stack: undefined }),
   * });
   */
  redact?: Redact;
  /**
   * The one that makes the spans, and is flushed.
   *
   * @default the registered one, looked up at each call
   * @example
   * const audit = createTracing({ tracerProvider: auditProvider });
   */
  tracerProvider?: TracerProvider;
}
