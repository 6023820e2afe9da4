// What a flush does, waits for and says.

import { pass, settled, turn, watch } from './clock.mjs';
import { accepts, acceptsAfter, Exporter, holds, refuses, REFUSAL } from './exporter.mjs';
import { same } from './same.mjs';
import { names } from './world.mjs';

export const flushes = [
  {
    name: 'a flush exports what waits for the delay or for a full batch',
    from: ['JS', 'Go', 'Java', 'C++', 'Python batch', 'Rust', '.NET'],
    here: 'sdk/flush: flush() answers once the exporter has accepted everything that ended before, in flight or queued',
    async expects(world) {
      const { exporter } = world.set({ maxExportBatchSize: 11 });
      world.end(...names(10));
      same('the flush', (await settled(world.flush())).status, 'fulfilled');
      same('the batches', exporter.batches, [names(10)]);
    },
  },
  {
    name: 'a flush with nothing to export succeeds',
    from: ['JS'],
    here: 'sdk/processor: with nothing ended asks the exporter to flush all the same',
    async expects(world) {
      const { exporter } = world.set();
      same('the flush', (await settled(world.flush())).status, 'fulfilled');
      same('the exports', exporter.exports.length, 0);
    },
  },
  {
    name: 'a flush after each span finds that span exported',
    from: ['Go'],
    here: 'sdk/otlp: %i tasks that flush at once all arrive once, in one export at a time',
    async expects(world) {
      const { exporter, provider } = world.set();
      for (const [index, name] of names(10).entries()) {
        world.end(name);
        same('the flush', (await settled(provider.forceFlush())).status, 'fulfilled');
        same('the spans', exporter.names, names(index + 1));
      }
    },
  },
  {
    name: 'a flush goes on where full batches have left off',
    from: ['Java'],
    here: 'sdk/model: any interleaving: every ended span is in one place, flushes are served in order, nothing is left',
    async expects(world) {
      const { exporter } = world.set({ maxExportBatchSize: 49 });
      for (const round of ['first', 'second']) {
        world.end(...names(50, round));
        await turn();
      }
      same('the sizes before the flush', exporter.sizes, [49, 49]);
      await settled(world.flush());
      same('the sizes after it', exporter.sizes, [49, 49, 2]);
    },
  },
  {
    name: 'a flush is over when the exporter has answered, and not before',
    from: ['JS', 'Rust async'],
    here: 'sdk/processor: waits for the batch in flight, then for the exporter’s own forceFlush',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(holds) });
      world.end('a');
      const flushed = watch(world.flush());
      await turn();
      same('the flush before the answer', flushed.status, 'pending');
      exporter.release();
      await turn();
      same('the flush after it', flushed.status, 'fulfilled');
    },
  },
  {
    name: 'a flush waits for the batch that is in flight already',
    from: ['Rust', 'C++'],
    here: 'sdk/processor: waits for the batch in flight, then for the exporter’s own forceFlush',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(holds), maxExportBatchSize: 2 });
      world.end('a', 'b');
      await turn();
      const flushed = watch(world.flush());
      await pass(1000);
      same('the flush while the batch is in flight', flushed.status, 'pending');
      exporter.release();
      await turn();
      same('the flush after it', flushed.status, 'fulfilled');
    },
  },
  {
    name: 'a flush asks the exporter to flush',
    from: ['C++'],
    here: 'sdk/processor: with nothing ended asks the exporter to flush all the same',
    async expects(world) {
      const { exporter } = world.set();
      world.end('a');
      await settled(world.flush());
      same('the flushes of the exporter', exporter.flushes, 1);
    },
  },
  {
    name: 'a flush fails with the error of the export',
    from: ['Go', 'JS'],
    here: 'sdk/processor: rejects with the failure of a batch that it covers, and of no other',
    async expects(world) {
      world.set({ exporter: new Exporter(refuses) });
      world.end('a');
      same('the flush', await settled(world.flush()), { status: 'rejected', reason: REFUSAL });
    },
  },
  {
    name: 'a batch that was refused is dropped, and the next flush succeeds',
    from: ['Go'],
    here: 'sdk/otlp: refuses: the flush says so, the span is counted as failed, the next one arrives',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(refuses) });
      world.end('refused');
      await settled(world.flush());
      exporter.respondWith(accepts);
      world.end('accepted');
      same('the flush', (await settled(world.flush())).status, 'fulfilled');
      same('the batches', exporter.batches, [['refused'], ['accepted']]);
    },
  },
  {
    name: 'a flush with a limit fails when it has passed',
    from: ['Go', '.NET'],
    here: 'sdk/processor: that is not awaited any more is detached, while the export and the others go on',
    async expects(world) {
      world.set({ exporter: new Exporter(holds) });
      world.end('a');
      const flushed = watch(world.flushWithin(20));
      await pass(19);
      same('the flush before the limit', flushed.status, 'pending');
      await pass(1);
      same('the flush after it', flushed.status, 'rejected');
    },
  },
  {
    name: 'what a flush did not wait for any longer is exported all the same',
    from: ['.NET'],
    here: 'sdk/processor: that is not awaited any more is detached, while the export and the others go on',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(acceptsAfter(50)), maxExportBatchSize: 1 });
      world.end('a', 'b');
      same('the flush', (await settled(world.flushWithin(10))).status, 'rejected');
      await pass(1000);
      same('the spans', exporter.names, ['a', 'b']);
    },
  },
  {
    name: 'a flush whose signal has aborted already fails with the reason',
    from: ['Go'],
    needs: ['a signal for a flush'],
    here: 'sdk/processor: with a signal that has aborted already starts nothing',
    async expects(world) {
      const { processor } = world.set({ exporter: new Exporter(holds) });
      const flushed = processor.forceFlush({ signal: AbortSignal.abort(REFUSAL) });
      same('the flush', await settled(flushed), { status: 'rejected', reason: REFUSAL });
    },
  },
];
