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
  readonly batches: number[][] = [];
  /** Batches that have left the queue and have not been handed over. */
  readonly taken: number[][] = [];
  /** Batches with the exporter, not answered. */
  readonly given: number[][] = [];

  constructor(readonly maxConcurrent: number) {}

  in(place: Place): number[] {
    return [...this.places.keys()].filter((span) => this.places[span] === place);
  }

  end(): number {
    const hasRoom = !this.isClosed && this.in('queued').length < MAX_QUEUE;
    return this.places.push(hasRoom ? 'queued' : 'dropped') - 1;
  }

  /** So many spans have left the queue: the oldest, in batches. */
  take(exporting: number): void {
    let more = exporting - this.in('exporting').length;
    while (more > 0) {
      const batch = this.in('queued').slice(0, Math.min(more, MAX_BATCH));
      expect(batch.length).toBeGreaterThan(0);
      for (const span of batch) this.places[span] = 'exporting';
      this.taken.push(batch);
      this.batches.push(batch);
      more -= batch.length;
    }
  }

  give(batch: number[]): void {
    expect(batch).toEqual(this.taken.shift());
    this.given.push(batch);
    expect(this.given.length).toBeLessThanOrEqual(this.maxConcurrent);
  }

  settle(batch: number[] | undefined, place: Place): void {
    if (batch === undefined) return;
    this.given.splice(this.given.indexOf(batch), 1);
    for (const span of batch) this.places[span] = place;
  }

  timeOut(): void {
    for (const batch of [...this.given]) this.settle(batch, 'unknown');
    if (!this.isClosed) return;
    this.taken.length = 0;
    for (const place of ['queued', 'exporting'] as const) {
      for (const span of this.in(place)) this.places[span] = 'dropped';
    }
  }

  counts(): Record<Place, number> {
    const places: Place[] = ['queued', 'exporting', 'exported', 'failed', 'unknown', 'dropped'];
    return Object.fromEntries(places.map((place) => [place, this.in(place).length])) as Record<Place, number>;
  }
}

/** Without what is no place of a span. */
const places = (processor: SerialBatchSpanProcessor) => {
  const { queued, exporting, exported, failed, unknown, dropped } = processor.stats();
  return { queued, exporting, exported, failed, unknown, dropped };
};

const spanContext = () => ({ traceId: '1', spanId: '1', traceFlags: 1 });
type Numbered = EndedSpan & { readonly number: number };
interface Export {
  readonly batch: number[];
  readonly answer: (result: ExportResult) => void;
}

/** The processor between an exporter and flushes that hold it to the model. */
class Real implements Exporter {
  readonly processor: SerialBatchSpanProcessor;
  readonly exports: Export[] = [];
  /** Spans whose answers the processor may not know of yet: it hears of them in the microtasks. */
  readonly answered = new Set<number>();
  readonly waiting = new Map<number, AbortController>();
  readonly problems: unknown[] = [];
  shutdowns = 0;
  throws = false;
  hangsInFlush = false;
  #flushes = 0;
  #lastServed = -1;
  /** Of the dropped spans, those that somebody has been told of. */
  toldDrops = 0;
  /** Of the spans that were not accepted, those that somebody has been told of. */
  readonly told = new Set<number>();

  constructor(readonly model: Model) {
    this.processor = new SerialBatchSpanProcessor(this, {
      maxQueueSize: MAX_QUEUE,
      maxExportBatchSize: MAX_BATCH,
      exportTimeoutMillis: LIMIT_MS,
      shutdownTimeoutMillis: LIMIT_MS,
      scheduledDelayMillis: DELAY_MS,
      maxConcurrentExports: model.maxConcurrent,
    });
  }

  export(spans: EndedSpan[], answer: (result: ExportResult) => void): void {
    this.noteTaken();
    const batch = spans.map((span) => (span as Numbered).number);
    this.check(() => this.model.give(batch));
    if (this.throws) {
      this.model.settle(batch, 'failed');
      for (const span of batch) this.answered.add(span);
      throw new Error('thrown');
    }
    this.exports.push({ batch, answer });
  }

  async forceFlush(): Promise<void> {
    if (this.hangsInFlush) await new Promise(() => {});
  }

  async shutdown(): Promise<void> {
    this.shutdowns++;
  }

  /** What the processor has taken off its queue: of the spans that are not queued, those that have gone nowhere else. */
  noteTaken(): void {
    this.check(() => {
      const { queued } = this.processor.stats();
      this.model.take(this.model.in('exporting').length + this.model.in('queued').length - queued);
    });
  }

  flush(timeoutMs: number | undefined): void {
    this.noteTaken();
    const ticket = this.#flushes++;
    const controller = new AbortController();
    this.waiting.set(ticket, controller);
    const { model } = this;
    const covered = [...model.in('queued'), ...model.in('exporting')];
    const drops = model.in('dropped').length;
    const untoldDrops = drops - this.toldDrops;
    const lost = () => [...model.in('failed'), ...model.in('unknown')];
    const untold = lost().filter((span) => !this.told.has(span));
    const { isClosed } = model;
    const maybeCovered = [...this.answered];
    const serve = () => {
      // After the shutdown there is nothing to wait for: such a flush may overtake one that is being told.
      if (isClosed) return;
      expect(ticket).toBeGreaterThan(this.#lastServed);
      this.#lastServed = ticket;
    };
    const flushed = () => {
      serve();
      expect(covered.map((span) => model.places[span])).toEqual(covered.map(() => 'exported'));
      if (isClosed || model.isClosed) return;
      // Somebody may have been told between the request and now.
      expect(untold.filter((span) => !this.told.has(span))).toEqual([]);
      expect(this.toldDrops >= drops).toBe(true);
    };
    const rejected = (error: Error) => {
      if (error === controller.signal.reason || error.message.includes('the flush had not ended')) return;
      serve();
      const mine = [...covered, ...maybeCovered, ...untold].filter(
        (span) => model.places[span] !== 'exported',
      );
      const hung = error.message.includes('forceFlush()');
      expect(mine.length + untoldDrops > 0 || hung || isClosed || model.isClosed).toBe(true);
      // Of whole batches, whichever of their spans it covers.
      const told = model.batches.filter((batch) => batch.some((span) => mine.includes(span)));
      for (const span of told.flat()) this.told.add(span);
      this.toldDrops = Math.max(this.toldDrops, drops);
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
    this.noteTaken();
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
      real.noteTaken();
      if (name === 'turn') real.answered.clear();
      const counts = places(real.processor);
      expect(real.problems).toEqual([]);
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(model.places.length);
      if (name === 'turn') expect(counts).toEqual(model.counts());
    },
  });

const end = (model: Model, real: Real) => {
  real.noteTaken();
  const number = model.end();
  const span: Numbered = { spanContext, number };
  real.processor.onEnd(span);
  real.noteTaken();
};
const answer =
  (place: 'exported' | 'failed', which = 0) =>
  (model: Model, real: Real) => {
    const unanswered = real.exports.filter(({ batch }) => model.given.includes(batch));
    const next = unanswered.at(which);
    if (next === undefined) return;
    model.settle(next.batch, place);
    for (const span of next.batch) real.answered.add(span);
    next.answer(place === 'exported' ? OK : { code: 1, error: new Error('refused') });
  };
const answerLate = (model: Model, real: Real) => {
  for (const late of real.exports) if (!model.given.includes(late.batch)) late.answer(OK);
};
const wait = (model: Model, real: Real) => {
  for (const batch of model.given) for (const span of batch) real.answered.add(span);
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
  step('accept the newest', answer('exported', -1)),
  step('refuse', answer('failed')),
  step('answer again, or late', answerLate),
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
  real.toldDrops = model.in('dropped').length;
});

function isUnderWay({ processor, waiting }: Real): boolean {
  const { queued, exporting } = processor.stats();
  return queued + exporting + waiting.size + vi.getTimerCount() > 0;
}

test(`any interleaving: every ended span is in one place, flushes are served in order, nothing is left (SEED=${seed})`, async () => {
  const commands = fc.commands([...steps, shutdown], { maxCommands: 30, size: 'max' });
  await fc.assert(
    fc.asyncProperty(commands, fc.integer({ min: 1, max: 3 }), async (run, maxConcurrent) => {
      const model = new Model(maxConcurrent);
      const real = new Real(model);
      await fc.asyncModelRun(() => ({ model, real }), run);

      // Everything that is asked for from now on is answered; a limit passes for what never will be.
      await turn();
      for (let left = 2 * model.places.length + 4; left > 0 && isUnderWay(real); left--) {
        for (let i = 0; i < maxConcurrent; i++) answer('exported')(model, real);
        await turn();
        wait(model, real);
        vi.advanceTimersByTime(DELAY_MS);
        await turn();
      }
      const counts = places(real.processor);
      expect(counts).toEqual(model.counts());
      expect([counts.queued, counts.exporting, real.waiting.size]).toEqual([0, 0, 0]);
      expect([real.shutdowns, vi.getTimerCount()]).toEqual([model.isClosed ? 1 : 0, 0]);
      expect(real.problems).toEqual([]);
    }),
    { numRuns: 5000, seed },
  );
}, 120_000);
