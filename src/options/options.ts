import type { Attributes, Context, Link, SpanContext, SpanKind, TracerProvider } from '@opentelemetry/api';
import type { AbortSignalLike } from '../platform/abort-signal.ts';
import type { ErrorMatcher } from './error-matcher.ts';
import type { FlushResult } from '../platform/flush.ts';

export type AnyFunction = (...args: never[]) => unknown;

/** `child` of the parent, a `root` without one, or a new root `linked` to what would have been the parent. */
export type Relation = 'child' | 'root' | 'linked';

/** What is written down of something that was thrown. */
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

/** How one span is named, started and ended. Every option is optional. */
export interface SpanOptions<Args extends unknown[] = unknown[], Result = unknown> {
  /** Default: `Class.method`; the function's name, or `task`; `span` for `withSpan` and `startSpan`. */
  name?: string | ((...args: Args) => string);
  /** Default `SpanKind.INTERNAL`. */
  kind?: SpanKind | ((...args: Args) => SpanKind | undefined);
  /** Put on the span when it starts, where samplers see them. Arguments are never recorded unless you do it here. */
  attributes?: Attributes | ((...args: Args) => Attributes | undefined);
  /** Put on the span when the work has returned. An iterator, stream or observable is given as it is, at its end. */
  resultAttributes?: (value: Awaited<Result>) => Attributes | undefined;
  /** `child` of the active span (default), a `root`, or a new root `linked` to the active span. */
  relation?: Relation;
  /**
   * Links that the span has from its start on: to the spans of the messages of a batch, to what a job waited for. Links, span
   * contexts, or carriers such as message headers, at most 128; those that carry no trace are left out.
   *
   * @example
   * traceTask(sendAll, { links: (jobs) => jobs.map((job) => job.data.headers) });
   */
  links?: (...args: Args) => readonly (Link | SpanContext | Carrier | undefined)[] | undefined;
  /** The signal whose abort ends the span. Default: found in the arguments. `false`: none. */
  signal?: AbortSignalLike | ((...args: Args) => AbortSignalLike | undefined) | false;
  /** Milliseconds that the work has after an abort to settle on its own account. Default 0: the abort ends the span. */
  abortGraceMs?: number;
  /**
   * Milliseconds after which the span (not the work) ends as `timed-out`. Default: never, as with no answer of a function.
   *
   * A limit that a function gives says when the host is going to stop, so what the call has begun ends with it: when it ends
   * the first span of a trace in this process, the live spans below that end, too, children first.
   *
   * @example
   * traceTask(handle, { timeoutMs: (event, context) => context.getRemainingTimeInMillis() - 500 });
   */
  timeoutMs?: number | ((...args: Args) => number | undefined);
  /** Errors that are not failures. Default: none. */
  ignoreErrors?: ErrorMatcher | readonly ErrorMatcher[];
  /** Whether an abort sets the status to ERROR. Default `error`. */
  cancellation?: 'error' | 'unset';
  /**
   * `work` (default): the span ends with what the call returns, when the promise settles or the iterator, stream or
   * observable ends. `call`: when the call returns. A function answers the promise, iterator or stream inside the result
   * that the span is to end with: a member that is the same object at every look, or the result itself.
   *
   * @example
   * traceTask(complete, { covers: (stream) => stream }); // openai.chat.completions.create({ stream: true })
   */
  covers?: 'work' | 'call' | ((value: Awaited<Result>) => unknown);
  /** Default `true`. Asked at every call. */
  enabled?: boolean | (() => boolean);
}

/**
 * When a task flushes: `auto` is `background` for the first span of a trace in this process, for a task below a span that
 * has ended, and with `waitUntil`; else it is `never`.
 */
export type FlushMode = 'auto' | 'background' | 'await' | 'never';

/** When a task flushes, and how long is waited for a flush. */
export interface FlushSettings<Args extends unknown[] = unknown[]> {
  /** Default `auto`. With `await` the task's promise settles only after the flush. */
  flush?: FlushMode;
  /** Milliseconds that a flush is waited for at the longest, by `await`, `waitUntil`, `flush()` and `await using`. Default 5000. */
  flushTimeoutMs?: number;
  /**
   * Called with the flush and the arguments of the call, to keep a serverless invocation alive until the flush has ended.
   * With it, `auto` flushes after every task.
   *
   * @example
   * traceTask(handle, { waitUntil: (flushed, request, env, ctx) => ctx.waitUntil(flushed) });
   */
  waitUntil?: (flushed: Promise<FlushResult>, ...args: Args) => void;
}

export interface TaskOptions<Args extends unknown[] = unknown[], Result = unknown>
  extends SpanOptions<Args, Result>, Omit<FlushSettings<Args>, 'flushTimeoutMs'> {
  /**
   * Milliseconds that a flush is waited for at the longest, by `await` and `waitUntil`. Default: that of the instance, 5000. What
   * a function answers when the flush begins, such as the time that is left of an invocation, can only shorten that.
   *
   * @example
   * traceTask(handle, { flush: 'await', flushTimeoutMs: (event, context) => context.getRemainingTimeInMillis() - 100 });
   */
  flushTimeoutMs?: number | ((...args: Args) => number | undefined);
  /**
   * Where the parent comes from: the context of the `call` (default), of the `wrap`, or what the function answers: a
   * context, a span context, or a carrier such as message headers. One that carries no trace makes a root; so does no answer, with a link
   * to the active span as long as that is live.
   */
  from?: 'call' | 'wrap' | ((...args: Args) => Context | SpanContext | Carrier | undefined);
  /**
   * The `length` of the function that comes back, for hosts that read from it what to call it with. Default: the function's.
   *
   * @example
   * new Worker('mail', traceTask(async (job) => …, { length: 3 })); // BullMQ makes a signal for who takes three parameters
   */
  length?: number;
}

/** Options of an instance, and the defaults of the spans it makes. */
export interface TracingOptions extends FlushSettings {
  /** Default `oncespan`. */
  tracerName?: string;
  /** Default: that of this package, as long as the name is `oncespan`. */
  tracerVersion?: string;
  /** Default `true`. Asked at every call; spans that are live end as they would have. */
  enabled?: boolean | (() => boolean);
  /** Put on every span. */
  attributes?: Attributes;
  /** Renames the attributes `error` and `oncespan.outcome`, or leaves one out: `{ outcome: null }`. */
  attributeNames?: { error?: string | null; outcome?: string | null };
  ignoreErrors?: ErrorMatcher | readonly ErrorMatcher[];
  cancellation?: 'error' | 'unset';
  abortGraceMs?: number;
  /** Whether an error is recorded on every span that it passes (default), only where it came from, or on `none`. */
  exceptionEvents?: 'every-span' | 'origin-only' | 'none';
  /**
   * Sees every error before anything of it is written, and answers what is. With no answer, or if it throws, that is its
   * type alone.
   *
   * @example
   * configure({ redact: (exception) => ({ ...exception, message: exception.message?.replace(/\d{12,}/g, '…') }) });
   */
  redact?: Redact;
  /** The one that makes the spans, and is flushed. Default: the registered one, looked up at each call. */
  tracerProvider?: TracerProvider;
}
