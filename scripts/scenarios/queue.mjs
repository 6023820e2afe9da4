// What is kept and what is dropped when spans end faster than they are exported.

import { settled, turn } from './clock.mjs';
import { acceptsAfter, Exporter, holds } from './exporter.mjs';
import { Metrics } from './metrics.mjs';
import { holdsThat, same } from './same.mjs';
import { names } from './world.mjs';

/** An export is held, the queue behind it is full, and 7 spans more end. */
async function overflow(world) {
  const { exporter } = world.set({
    exporter: new Exporter(holds),
    maxQueueSize: 8,
    maxExportBatchSize: 4,
  });
  world.end(...names(4, 'in flight'));
  await turn();
  world.end(...names(8, 'queued'), ...names(7, 'dropped'));
  return exporter;
}

export const queue = [
  {
    name: 'a full queue keeps what is in it and drops what ends then',
    from: ['JS', 'Java', 'Rust'],
    here: 'sdk/processor: a full queue drops what ends, counts it and reports it with the next pass',
    async expects(world) {
      const exporter = await overflow(world);
      exporter.release();
      await settled(world.flush());
      same('the spans', exporter.names, [...names(4, 'in flight'), ...names(8, 'queued')]);
    },
  },
  {
    name: 'after an overflow there is room again',
    from: ['Java', 'C++'],
    here: 'sdk/processor: a full queue drops what ends, counts it and reports it with the next pass',
    async expects(world) {
      const exporter = await overflow(world);
      exporter.release();
      await settled(world.flush());
      world.end(...names(8, 'later'));
      await settled(world.flush());
      same('the last spans', exporter.names.slice(-8), names(8, 'later'));
    },
  },
  {
    name: 'what ends in one go fills a batch in flight and the queue behind it',
    from: ['JS'],
    here: 'sdk/processor: a batch leaves the queue on the stack of span.end(): a burst fills the queue and what the exporter takes',
    async expects(world) {
      const { exporter } = world.set({ maxQueueSize: 6, maxExportBatchSize: 5 });
      world.end(...names(12));
      await settled(world.flush());
      same('the spans', exporter.names, names(11));
    },
  },
  {
    name: 'a warning says how many spans were dropped',
    from: ['JS', 'Java', 'C++'],
    here: 'sdk/processor: a full queue drops what ends, counts it and reports it with the next pass',
    async expects(world) {
      const exporter = await overflow(world);
      exporter.release();
      await settled(world.flush());
      world.end('later');
      await settled(world.flush());
      const isSaid = world.warnings.some((text) => /\b7 spans?\b/.test(text) && /dropped/i.test(text));
      holdsThat(isSaid, `nothing says that 7 were dropped: ${world.warnings.join('; ')}`);
    },
  },
  {
    name: 'every span of a flood is exported or counted as dropped',
    from: ['Rust'],
    here: 'sdk/model: any interleaving: every ended span is in one place, flushes are served in order, nothing is left',
    async expects(world) {
      const metrics = new Metrics();
      const { exporter } = world.set({
        exporter: new Exporter(acceptsAfter(50)),
        maxQueueSize: 10,
        maxExportBatchSize: 5,
        scheduledDelayMillis: 10,
        meterProvider: metrics.provider,
      });
      for (let i = 0; i < 10; i++) {
        world.end(...names(10, `burst ${i}`));
        await turn();
      }
      await settled(world.shutdown());
      const { queue_full: dropped = 0 } = await metrics.processed();
      holdsThat(dropped > 0, 'none were counted as dropped');
      same('exported and dropped', exporter.names.length + dropped, 100);
    },
  },
];
