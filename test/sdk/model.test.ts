import { getEventListeners } from 'node:events';
import fc, { type AsyncCommand } from 'fast-check';
import { expect, test, vi } from 'vitest';
import { seed } from '../harness.ts';
import {
  type EndedSpan,
  type Exporter,
  type ExportResult,
  SerialBatchSpanProcessor,
} from '../../src/sdk/index.ts';
import { OK, turn } from './held-exporter.ts';

// Any interleaving of ends, flushes, aborts, time-outs, answers, hangs, overflow and shutdown, with and without a turn of
// the microtask queue between, against a model that moves numbers from place to place.

const MAX_QUEUE = 4;
const MAX_BATCH = 2;
const LIMIT_MS = 100;
const DELAY_MS = 1000;

type Place = 'queued' | 'exporting' | 'exported' | 'failed' | 'unknown' | 'dropped';

/** Where each ended span has to be. Spans are numbers, in the order of their ends. */
class Model {
  readonly places: Place[] = [];
  isClosed = false;

  in(place: Place): number[] {
    return [...this.places.keys()].filter((span) => this.places[span] === place);
  }

  move(from: Place, to: Place): void {
    for (const span of this.in(from)) this.places[span] = to;
  }

  end(): number {
    const hasRoom = !this.isClosed && this.in('queued').length < MAX_QUEUE;
    return this.places.push(hasRoom ? 'queued' : 'dropped') - 1;
  }

  export(batch: number[]): void {
    expect(this.in('exporting')).toEqual([]);
    expect(batch).toEqual(this.in('queued').slice(0, Math.min(batch.length, MAX_BATCH)));
    for (const span of batch) this.places[span] = 'exporting';
  }

  timeOut(): void {
    this.move('exporting', 'unknown');
    if (this.isClosed) this.move('queued', 'dropped');
  }

  counts(): Record<Place, number> {
    const places: Place[] = ['queued', 'exporting', 'exported', 'failed', 'unknown', 'dropped'];
    return Object.fromEntries(places.map((place) => [place, this.in(place).length])) as Record<Place, number>;
  }
}

const spanContext = () => ({ traceId: '1', spanId: '1', traceFlags: 1 });
type Numbered = EndedSpan & { readonly number: number };

/** The processor between an exporter and flushes that hold it to the model. */
class Real implements Exporter {
  readonly processor = new SerialBatchSpanProcessor(this, {
    maxQueueSize: MAX_QUEUE,
    maxExportBatchSize: MAX_BATCH,
    exportTimeoutMillis: LIMIT_MS,
    scheduledDelayMillis: DELAY_MS,
  });
  readonly answers: ((result: ExportResult) => void)[] = [];
  readonly waiting = new Map<number, AbortController>();
  readonly problems: unknown[] = [];
  shutdowns = 0;
  throws = false;
  hangsInFlush = false;
  #flushes = 0;
  #lastServed = -1;

  constructor(readonly model: Model) {}

  export(spans: EndedSpan[], answer: (result: ExportResult) => void): void {
    this.check(() => this.model.export(spans.map((span) => (span as Numbered).number)));
    if (this.throws) {
      this.model.move('exporting', 'failed');
      throw new Error('thrown');
    }
    this.answers.push(answer);
  }

  async forceFlush(): Promise<void> {
    if (this.hangsInFlush) await new Promise(() => {});
  }

  async shutdown(): Promise<void> {
    this.shutdowns++;
  }

  flush(timeoutMs: number | undefined): void {
    const ticket = this.#flushes++;
    const controller = new AbortController();
    this.waiting.set(ticket, controller);
    const accepted = [...this.model.places.keys()].filter((span) => this.model.places[span] !== 'dropped');
    // An answer that has just been given is not known to the processor before the next turn.
    const { queued, exporting } = this.processor.stats();
    const covered = accepted.slice(accepted.length - queued - exporting);
    const serve = () => {
      expect(ticket).toBeGreaterThan(this.#lastServed);
      this.#lastServed = ticket;
    };
    const flushed = () => {
      serve();
      expect(covered.map((span) => this.model.places[span])).toEqual(covered.map(() => 'exported'));
    };
    const rejected = (error: Error) => {
      if (error === controller.signal.reason || error.message.includes('the flush had not ended')) return;
      serve();
      const lost = covered.filter((span) => this.model.places[span] !== 'exported');
      expect(lost.length > 0 || error.message.includes('forceFlush()') || this.model.isClosed).toBe(true);
    };
    const leave = () => {
      this.waiting.delete(ticket);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    };
    void this.processor
      .forceFlush({ timeoutMs, signal: controller.signal })
      .then(
        () => this.check(flushed),
        (error: Error) => this.check(() => rejected(error)),
      )
      .then(() => this.check(leave));
  }

  /** What does not hold inside the exporter or a promise is told to the run. */
  check(assertion: () => void): void {
    try {
      assertion();
    } catch (error) {
      this.problems.push(error);
    }
  }
}

type Step = AsyncCommand<Model, Real>;
const step = (name: string, act: (model: Model, real: Real) => unknown): fc.Arbitrary<Step> =>
  fc.constant({
    check: () => true,
    toString: () => name,
    async run(model, real) {
      await act(model, real);
      const { passes: _, ...counts } = real.processor.stats();
      expect(real.problems).toEqual([]);
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(model.places.length);
      if (name === 'turn') expect(counts).toEqual(model.counts());
    },
  });

const end = (model: Model, real: Real) => {
  const span: Numbered = { spanContext, number: model.end() };
  real.processor.onEnd(span);
};
const answer = (place: 'exported' | 'failed') => (model: Model, real: Real) => {
  model.move('exporting', place);
  real.answers.at(-1)?.(place === 'exported' ? OK : { code: 1, error: new Error('refused') });
};
const wait = (model: Model) => {
  model.timeOut();
  vi.advanceTimersByTime(LIMIT_MS);
};

const steps = [
  step('end', end),
  step('end 3', (model, real) => [1, 2, 3].forEach(() => end(model, real))),
  step('flush', (_model, real) => real.flush(undefined)),
  step('flush, limited', (_model, real) => real.flush(10)),
  step('abort', (_model, real) => real.waiting.get(Math.min(...real.waiting.keys()))?.abort()),
  step('a limit passes', () => vi.advanceTimersByTime(10)),
  step('accept', answer('exported')),
  step('refuse', answer('failed')),
  step('answer again, or late', (_model, real) => real.answers.slice(0, -1).forEach((late) => late(OK))),
  step('throw from now on, or not', (_model, real) => (real.throws = !real.throws)),
  step('hang in forceFlush from now on, or not', (_model, real) => (real.hangsInFlush = !real.hangsInFlush)),
  step('export time-out', wait),
  step('turn', turn),
  step('turn', turn),
  step('turn', turn),
];
const shutdown = step('shutdown', (model, real) => {
  real.processor.shutdown().catch(() => {});
  model.isClosed = true;
});

function isUnderWay({ processor, waiting }: Real): boolean {
  const { queued, exporting } = processor.stats();
  return queued + exporting + waiting.size + vi.getTimerCount() > 0;
}

test(`any interleaving: every ended span is in one place, flushes are served in order, nothing is left (SEED=${seed})`, async () => {
  const commands = fc.commands([...steps, shutdown], { maxCommands: 30, size: 'max' });
  await fc.assert(
    fc.asyncProperty(commands, async (run) => {
      const model = new Model();
      const real = new Real(model);
      await fc.asyncModelRun(() => ({ model, real }), run);

      // Everything that is asked for from now on is answered; a limit passes for what never will be.
      await turn();
      for (let left = 2 * model.places.length + 4; left > 0 && isUnderWay(real); left--) {
        answer('exported')(model, real);
        await turn();
        wait(model);
        vi.advanceTimersByTime(DELAY_MS);
        await turn();
      }
      const { passes: _, ...counts } = real.processor.stats();
      expect(counts).toEqual(model.counts());
      expect([counts.queued, counts.exporting, real.waiting.size]).toEqual([0, 0, 0]);
      expect([real.shutdowns, vi.getTimerCount()]).toEqual([model.isClosed ? 1 : 0, 0]);
      expect(real.problems).toEqual([]);
    }),
    { numRuns: 5000, seed },
  );
}, 120_000);
