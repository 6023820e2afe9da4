// What a shutdown does, waits for and says, and what is ignored after it.

import { pass, settled, turn, watch } from './clock.mjs';
import { acceptsAfter, Exporter, holds, refuses, REFUSAL } from './exporter.mjs';
import { same } from './same.mjs';
import { names } from './world.mjs';

export const shutdowns = [
  {
    name: 'a shutdown exports what is queued, then shuts the exporter down',
    from: ['JS', 'Java', 'C++', 'Python batch', 'Rust', '.NET'],
    here: 'sdk/processor: exports what is queued, shuts the exporter down once, and drops what ends later',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(acceptsAfter(10)) });
      world.end(...names(3));
      same('the shutdown', (await settled(world.shutdown())).status, 'fulfilled');
      same('the batches', exporter.batches, [names(3)]);
      same('the exports answered before the exporter’s shutdown', exporter.answeredAtShutdown, 1);
    },
  },
  {
    name: 'a shutdown without spans succeeds',
    from: ['JS', 'Java', 'Go'],
    here: 'sdk/self-observation: names each processor, of a type of its own, and observes it no more after the shutdown',
    async expects(world) {
      const { exporter } = world.set();
      same('the shutdown', (await settled(world.shutdown())).status, 'fulfilled');
      same('the shutdowns of the exporter', exporter.shutdowns, 1);
    },
  },
  {
    name: 'a second shutdown succeeds and does nothing',
    from: ['Go', 'C++'],
    here: 'sdk/processor: exports what is queued, shuts the exporter down once, and drops what ends later',
    async expects(world) {
      const { exporter } = world.set();
      await settled(world.shutdown());
      same('the second', (await settled(world.shutdown())).status, 'fulfilled');
      same('the shutdowns of the exporter', exporter.shutdowns, 1);
    },
  },
  {
    name: 'a shutdown waits for the batch that is in flight already',
    from: ['Python batch'],
    here: 'sdk/processor: waits for the batch in flight',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(holds), maxExportBatchSize: 1 });
      world.end('a');
      await turn();
      const shutdown = watch(world.shutdown());
      await pass(1000);
      same('the shutdown while the batch is in flight', shutdown.status, 'pending');
      same('the shutdowns of the exporter meanwhile', exporter.shutdowns, 0);
      exporter.release();
      await turn();
      same('the shutdown after it', shutdown.status, 'fulfilled');
    },
  },
  {
    name: 'what ends after a shutdown is not exported',
    from: ['JS', 'Go', 'Python batch', 'Rust'],
    here: 'sdk/processor: exports what is queued, shuts the exporter down once, and drops what ends later',
    async expects(world) {
      const { exporter } = world.set({ maxExportBatchSize: 2 });
      world.end('before');
      await settled(world.shutdown());
      world.end('after', 'after that');
      await pass(10_000);
      same('the batches', exporter.batches, [['before']]);
    },
  },
  {
    name: 'a flush after a shutdown succeeds and does nothing',
    onPurpose: 'a span has ended meanwhile, and a flush does not claim to have delivered what was dropped',
    from: ['Go'],
    here: 'specification: an exporter that has been shut down is given nothing more',
    async expects(world) {
      const { exporter } = world.set();
      world.end('before');
      await settled(world.shutdown());
      world.end('after');
      same('the flush', (await settled(world.flush())).status, 'fulfilled');
      same('the batches', exporter.batches, [['before']]);
    },
  },
  {
    name: 'a shutdown fails with the error of the exporter’s shutdown',
    from: ['Go', 'Java'],
    here: 'sdk/processor: with nothing ended shuts the exporter down, and fails with what that failed with',
    async expects(world) {
      const { exporter } = world.set();
      exporter.shutdown = () => Promise.reject(REFUSAL);
      same('the shutdown', await settled(world.shutdown()), { status: 'rejected', reason: REFUSAL });
    },
  },
  {
    name: 'a shutdown whose export is refused drops the batch and shuts the exporter down all the same',
    from: ['.NET'],
    here: 'sdk/processor: after a failed flush the exporter is shut down all the same, and every caller hears of the failure',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(refuses) });
      world.end(...names(3));
      await settled(world.shutdown());
      same('the batches', exporter.batches, [names(3)]);
      same('the shutdowns of the exporter', exporter.shutdowns, 1);
    },
  },
  {
    name: 'a shutdown with a short limit exports what is accepted in time',
    from: ['.NET'],
    here: 'sdk/processor: has its own limit as a whole, and each export one of its own',
    needs: ['a limit for the shutdown'],
    async expects(world) {
      const { exporter } = world.set();
      world.end('a');
      same('the shutdown', (await settled(world.shutdown({ timeoutMs: 1 }))).status, 'fulfilled');
      same('the spans', exporter.names, ['a']);
    },
  },
  {
    name: 'at its limit a shutdown starts no further export, shuts the exporter down and answers',
    from: ['Python batch'],
    needs: ['a limit for the shutdown'],
    here: 'sdk/processor: when time is up, drops what is queued, asks the exporter all the same, and answers whoever waits',
    async expects(world) {
      const { exporter } = world.set({
        exporter: new Exporter(acceptsAfter(2000)),
        maxExportBatchSize: 1,
        shutdownTimeoutMillis: 3000,
      });
      world.end('a', 'b', 'c');
      const shutdown = watch(world.shutdown());
      await pass(2999);
      same('the shutdown before the limit', shutdown.status, 'pending');
      await pass(1);
      same('the shutdown at the limit', shutdown.status, 'rejected');
      await pass(10_000);
      same('the batches', exporter.batches, [['a'], ['b']]);
      same('the shutdowns of the exporter', exporter.shutdowns, 1);
    },
  },
];
