import { context, type ContextManager, trace } from '@opentelemetry/api';
import type { Disposal } from '../platform/disposal.ts';
import { hasContextManager } from '../platform/context.ts';
import { isShutDown, registeredProvider } from '../platform/provider.ts';
import { AssertionError } from './assertion-error.ts';
import { lineDiff } from './line-diff.ts';
import type { RecordedSpan } from './recorded-span.ts';
import { Recording } from './recording.ts';
import { recordingProvider, recordInto } from './recording-provider.ts';
import { comparableTree, type ExpectedSpan, recordedTree } from './span-tree.ts';

/** Records every span of the process until it is stopped. */
export interface SpanRecorder extends Disposal {
  /** The spans that have ended, in the order of their ends. */
  readonly spans: readonly RecordedSpan[];
  /** The spans that have started and not ended, by whoever started them; oldest first. */
  live(): readonly RecordedSpan[];
  /** Every span as an indented picture, with its attributes and how it ended. */
  tree(): string;
  /**
   * Asserts that these spans were started, and no others, and that each has ended as is said.
   *
   * @param expected the spans without a recorded parent, in the order of their starts, with their children
   * @throws AssertionError with a diff of the trees
   * @example
   * spans.only([{ name: 'Orders.place', error: 'CardDeclined', children: ['Stock.reserve', 'Payments.charge'] }]);
   */
  only(expected: readonly ExpectedSpan[]): void;
  /** Puts back the provider and the context manager that were there before. */
  stop(): void;
}

class Recorder implements SpanRecorder {
  readonly #recording = new Recording();
  readonly #restore: () => void;

  constructor(makeContextManager: () => ContextManager) {
    recordInto(this.#recording);
    const restoreProvider = registerProvider();
    const restoreContexts = registerContextManager(makeContextManager);
    this.#restore = () => {
      restoreProvider();
      restoreContexts();
    };
  }

  get spans(): readonly RecordedSpan[] {
    return this.#recording.ended;
  }

  live(): readonly RecordedSpan[] {
    return this.#recording.started.filter((span) => !span.ended);
  }

  tree(): string {
    return recordedTree(this.#recording.started);
  }

  only(expected: readonly ExpectedSpan[]): void {
    const { actual, wanted } = comparableTree(this.#recording.started, expected);
    if (actual === wanted) return;
    throw new AssertionError({
      message: `the spans are not those expected (- missing, + instead)\n\n${lineDiff(wanted, actual)}\n`,
      actual,
      expected: wanted,
      operator: 'only',
      stackStartFn: this.only,
    });
  }

  stop(): void {
    if (recording !== this) return;
    recording = undefined;
    recordInto(undefined);
    this.#restore();
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

let recording: SpanRecorder | undefined;

export interface RecordSpans {
  /**
   * Records every span of the process, for tests: no SDK is needed, nothing is sampled away, nothing is exported later.
   * Only a tracer that has made spans for another provider before goes on with that one.
   *
   * One recorder records at a time: starting the next one stops it, so a test that records needs no clean-up. `using` and
   * `stop()` end the recording earlier.
   *
   * @example
   * using spans = recordSpans();
   * await new Orders().place(order);
   * spans.only([{ name: 'Orders.place', children: ['Payments.charge'] }]);
   */
  (): SpanRecorder;
}

/** Binds {@link RecordSpans} to what follows a context on the host: not everything loads everywhere. */
export function recordSpansOn(makeContextManager: () => ContextManager): RecordSpans {
  return () => {
    recording?.stop();
    recording = new Recorder(makeContextManager);
    return recording;
  };
}

/** A tracer that has already made spans for the provider that was there before goes on with that one. */
function registerProvider(): () => void {
  const before = registeredProvider();
  // With none, the API's proxy stays the one that tracers of modules are bound to.
  if (before !== undefined) trace.disable();
  trace.setGlobalTracerProvider(recordingProvider);
  return () => {
    trace.disable();
    // Its last lease can have been released meanwhile.
    if (before !== undefined && !isShutDown(before)) trace.setGlobalTracerProvider(before);
  };
}

/** Without a context manager spans would not nest. One that is there is kept. */
function registerContextManager(make: () => ContextManager): () => void {
  if (hasContextManager()) return () => {};
  context.setGlobalContextManager(make().enable());
  return () => context.disable();
}
