import { Readable } from 'node:stream';
import { Controller, Get, Injectable, Module, Param, Sse, StreamableFile } from '@nestjs/common';
import fc from 'fast-check';
import { concat, NEVER, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { Traced, withSpan } from '../../src/index.ts';
import { RequestSignal, TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { deferred } from '../harness.ts';
import { Stage } from './orders.ts';
import { adapters, serve } from './serve.ts';

const KINDS = ['json', 'error', 'events', 'file'] as const;
const REQUESTS = 200;

const stages = new Map<string, Stage>();

@Injectable()
class Work {
  /** Stays until its client leaves, if it is told that one will. */
  @Traced({ attributes: (id: string) => ({ id }) })
  async run(id: string, signal?: AbortSignal): Promise<string> {
    await withSpan({ name: 'step', attributes: { id } }, () => Promise.resolve());
    return signal === undefined ? id : stages.get(id)!.wait(signal);
  }
}

@Controller('load')
class LoadController {
  readonly work: Work;

  constructor(work: Work) {
    this.work = work;
  }

  @Get('json/:mode/:id')
  json(@Param('mode') mode: string, @Param('id') id: string, @RequestSignal() signal: AbortSignal) {
    return this.work.run(id, mode === 'leave' ? signal : undefined);
  }

  @Get('error/:mode/:id')
  async error(@Param('mode') mode: string, @Param('id') id: string, @RequestSignal() signal: AbortSignal) {
    await this.work.run(id, mode === 'leave' ? signal : undefined);
    throw new Error(id);
  }

  @Sse('events/:mode/:id')
  async events(@Param('mode') mode: string, @Param('id') id: string) {
    await this.work.run(id);
    stages.get(id)!.enter();
    return mode === 'stay' ? of({ data: id }) : concat(of({ data: id }), NEVER);
  }

  @Get('file/:mode/:id')
  async file(@Param('mode') mode: string, @Param('id') id: string) {
    await this.work.run(id);
    const rows = function* () {
      stages.get(id)!.enter();
      do yield id.repeat(10_000);
      while (mode === 'leave');
    };
    return new StreamableFile(Readable.from(rows(), { objectMode: false }));
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [LoadController], providers: [Work] })
class LoadModule {}

describe.each(adapters)('%s', (_name, adapter) => {
  test('200 requests at once, of which a random half hang up', async () => {
    const seed = 7;
    using spans = recordSpans();
    await using served = await serve(LoadModule, adapter());
    const leavers = fc.sample(fc.boolean(), { numRuns: REQUESTS, seed });
    const order = fc.sample(fc.nat(), { numRuns: REQUESTS, seed });
    const requests = leavers.map((leaves, at) => ({
      id: `id${at}`,
      kind: KINDS[at % KINDS.length]!,
      leaves,
    }));

    const exchanges = requests.map(async ({ id, kind, leaves }) => {
      const stage = new Stage();
      stages.set(id, stage);
      const client = new AbortController();
      const aborted = deferred();
      client.signal.onabort = () => aborted.resolve();
      const url = `${served.url}/load/${kind}/${leaves ? 'leave' : 'stay'}/${id}`;
      const answer = fetch(url, { signal: client.signal });
      if (!leaves) return { answer: await (await answer).text() };
      const cut = answer
        // As long as nobody reads on, the server has to wait.
        .then((response) => aborted.promise.then(() => response.text()))
        .then(
          () => 'whole',
          () => 'cut',
        );
      await stage.entered();
      return { hangUp: () => client.abort(), cut };
    });
    const met = await Promise.all(exchanges);
    const leaving = met
      .map((exchange, at) => ({ ...exchange, rank: order[at]! }))
      .filter(({ hangUp }) => hangUp);
    for (const { hangUp } of leaving.toSorted((a, b) => a.rank - b.rank)) hangUp!();
    expect(await Promise.all(leaving.map(({ cut }) => cut))).toEqual(leaving.map(() => 'cut'));
    await served.settled();

    const outcome = ({ attributes }: (typeof spans.spans)[number]) =>
      attributes['oncespan.outcome'] ?? (attributes['error'] ? 'error' : 'ok');
    const chains = spans.spans
      .filter(({ name }) => name === 'step')
      .map((step) => {
        const run = step.parent!;
        const handler = run.parent!;
        const request = handler.parent!;
        const traces = new Set([step, run, handler, request].map((span) => span.spanContext().traceId));
        return [
          `${request.name} ${outcome(request)}`,
          `${handler.name} ${outcome(handler)}`,
          `${run.name} ${run.attributes['id']} ${outcome(run)}`,
          `${step.attributes['id']} in ${traces.size} trace`,
        ].join(' > ');
      });
    const expected = requests.map(({ id, kind, leaves }) => {
      const handler = leaves ? 'aborted' : kind === 'error' ? 'error' : 'ok';
      const run = leaves && (kind === 'json' || kind === 'error') ? 'aborted' : 'ok';
      return `GET /load/${kind}/:mode/:id ${handler} > LoadController.${kind} ${handler} > Work.run ${id} ${run} > ${id} in 1 trace`;
    });
    expect(chains.toSorted()).toEqual(expected.toSorted());
    expect(spans.spans).toHaveLength(4 * REQUESTS);
    expect(new Set(spans.spans.map((span) => span.spanContext().traceId)).size).toBe(REQUESTS);
    expect(spans.live()).toEqual([]);
    expect(served.listeners.added.length).toBeGreaterThanOrEqual(2 * REQUESTS);
    expect(served.listeners.left()).toEqual([]);
  });
});
