// How many exports are in flight, and what happens when everything is asked for at the same time.

import { pass, settled, turn } from './clock.mjs';
import { acceptsAfter, Exporter, holds } from './exporter.mjs';
import { holdsThat, same } from './same.mjs';
import { names } from './world.mjs';

export const overlap = [
  {
    name: 'while an export is in flight, full batches wait',
    from: ['JS'],
    here: 'sdk/processor: one after the other, whatever is asked for meanwhile',
    async expects(world) {
      const { exporter } = world.set({
        exporter: new Exporter(holds),
        maxQueueSize: 20,
        maxExportBatchSize: 5,
      });
      world.end(...names(15));
      await pass(10_000);
      same('the sizes of the batches', exporter.sizes, [5]);
      exporter.release();
      await settled(world.flush());
      same('the spans', exporter.names, names(15));
    },
  },
  {
    name: 'exports do not overlap when a flush asks for several batches',
    from: ['Rust', 'Rust async'],
    here: 'sdk/processor: one after the other, whatever is asked for meanwhile',
    async expects(world) {
      const { exporter } = world.set({
        exporter: new Exporter(acceptsAfter(50)),
        maxQueueSize: 16,
        maxExportBatchSize: 1,
      });
      world.end('a', 'b', 'c');
      await settled(world.flush());
      await settled(world.shutdown());
      same('the batches', exporter.batches, [['a'], ['b'], ['c']]);
      same('the most exports at the same time', exporter.mostInFlight, 1);
    },
  },
  {
    name: 'with a concurrency of 2, exports overlap, and never three',
    from: ['Rust async'],
    here: 'sdk/processor: with more than one at once, as they fill up, and in that order',
    needs: ['a concurrency'],
    async expects(world) {
      const { exporter } = world.set({
        exporter: new Exporter(acceptsAfter(50)),
        maxQueueSize: 16,
        maxExportBatchSize: 1,
        maxConcurrentExports: 2,
      });
      world.end(...names(5));
      await settled(world.flush());
      same('the spans', exporter.names, names(5));
      same('the most exports at the same time', exporter.mostInFlight, 2);
    },
  },
  {
    name: 'ending, flushing and shutting down at the same time are all answered, and nothing is lost',
    from: ['Go'],
    here: 'sdk/model: any interleaving: every ended span is in one place, flushes are served in order, nothing is left',
    async expects(world) {
      const { exporter, provider } = world.set({
        exporter: new Exporter(acceptsAfter(10)),
        maxExportBatchSize: 2,
      });
      world.end(...names(3));
      await turn();
      const asked = [
        world.flush(),
        world.shutdown(),
        provider.forceFlush(),
        provider.shutdown(),
        world.flush(),
      ];
      const { value = [] } = await settled(Promise.allSettled(asked));
      same(
        'the answers',
        value.map(({ status }) => status),
        Array(5).fill('fulfilled'),
      );
      same('the spans', exporter.names, names(3));
      holdsThat(
        exporter.answeredAtShutdown === exporter.exports.length,
        'an export was in flight at the shutdown',
      );
    },
  },
];
