// Defaults, options and environment variables, told by what a processor does.

import { pass, settled, turn, watch } from './clock.mjs';
import { acceptsAfter, Exporter, holds } from './exporter.mjs';
import { holdsThat, same } from './same.mjs';
import { names } from './world.mjs';

const EVERY_SUITE = ['C++', 'Java', 'Python', 'Rust', '.NET options'];

/** Sets up a processor and lets it show its queue and its batch. */
async function showsQueueAndBatch(world, maxQueueSize, maxExportBatchSize, options = {}) {
  const { exporter } = world.set({ ...options, exporter: new Exporter(holds) });
  world.end(...names(maxExportBatchSize - 1));
  await turn();
  same('the exports before a full batch', exporter.sizes, []);
  world.end('the last of the batch');
  await turn();
  same('the exports after it', exporter.sizes, [maxExportBatchSize]);
  world.end(...names(maxQueueSize + 1));
  exporter.release();
  await settled(world.flush());
  same('the spans', exporter.names.length, maxExportBatchSize + maxQueueSize);
}

async function showsDelay(world, delayMs, options = {}) {
  const { exporter } = world.set(options);
  world.end('a');
  await pass(delayMs - 1);
  same('the exports before the delay', exporter.exports.length, 0);
  await pass(1);
  same('the exports after it', exporter.exports.length, 1);
}

async function showsTimeout(world, timeoutMs, options = {}) {
  world.set({ ...options, exporter: new Exporter(holds) });
  world.end('a');
  const flushed = watch(world.flush());
  await pass(timeoutMs - 1);
  same('the flush before the time-out', flushed.status, 'pending');
  await pass(1);
  same('the flush after it', flushed.status, 'rejected');
}

async function showsConcurrency(world, most, options = {}) {
  const { exporter } = world.set({
    ...options,
    exporter: new Exporter(acceptsAfter(10)),
    maxExportBatchSize: 1,
  });
  world.end(...names(10));
  await settled(world.flush());
  same('the most exports at the same time', exporter.mostInFlight, most);
}

async function showsDefaults(world) {
  await showsQueueAndBatch(world, 2048, 512);
  await showsDelay(world, 5000);
  await showsTimeout(world, 30_000);
}

function refusesEach(world, wrong) {
  const taken = wrong.filter((options) => {
    try {
      world.set(options);
      return true;
    } catch {
      return false;
    }
  });
  holdsThat(taken.length === 0, `taken: ${taken.map((options) => JSON.stringify(options)).join(', ')}`);
}

export const configuration = [
  {
    name: 'the queue takes 2,048 spans and a batch 512, by default',
    from: EVERY_SUITE,
    here: 'sdk/processor: by default with 512, of 2,048 that wait',
    expects: (world) => showsQueueAndBatch(world, 2048, 512),
  },
  {
    name: 'the delay is 5 s, by default',
    from: EVERY_SUITE,
    here: 'sdk/processor: after the delay, with everything that ended since; none while there is nothing',
    expects: (world) => showsDelay(world, 5000),
  },
  {
    name: 'an export may take 30 s, by default',
    from: EVERY_SUITE,
    here: 'sdk/processor: hangs is given up after 30 s by default',
    expects: (world) => showsTimeout(world, 30_000),
  },
  {
    name: 'options count instead of the defaults',
    from: ['Go', 'Rust', 'C++', 'JS'],
    here: 'sdk/processor: the variables of the specification count where an option is missing',
    async expects(world) {
      await showsQueueAndBatch(world, 100, 50, { maxQueueSize: 100, maxExportBatchSize: 50 });
      await showsDelay(world, 200, { scheduledDelayMillis: 200 });
      await showsTimeout(world, 300, { exportTimeoutMillis: 300 });
    },
  },
  {
    name: 'a batch larger than the queue is as large as the queue',
    from: ['JS', 'Java'],
    here: 'sdk/processor: a batch larger than the queue is reduced to it: asked for %s',
    expects: (world) => showsQueueAndBatch(world, 6, 6, { maxQueueSize: 6, maxExportBatchSize: 7 }),
  },
  {
    name: 'no exporter is refused',
    from: ['Java', '.NET'],
    here: 'sdk/processor: a wrong option, or something that does not export, is refused with the repair',
    expects: async (world) => refusesEach(world, [{ exporter: null }]),
  },
  {
    name: 'a queue or a batch of nothing is refused',
    from: ['Java', 'Python', '.NET'],
    here: 'sdk/processor: a wrong option, or something that does not export, is refused with the repair',
    expects: async (world) =>
      refusesEach(world, [
        { maxQueueSize: 0 },
        { maxQueueSize: -500 },
        { maxExportBatchSize: 0 },
        { maxExportBatchSize: -500 },
      ]),
  },
  {
    name: 'a delay or a time-out below zero is refused',
    from: ['Java', 'Python', '.NET'],
    here: 'sdk/processor: a wrong option, or something that does not export, is refused with the repair',
    expects: async (world) =>
      refusesEach(world, [{ scheduledDelayMillis: -500 }, { exportTimeoutMillis: -1 }]),
  },
  {
    name: 'variables set the queue and the batch',
    from: ['Go', 'C++', 'Python', 'Rust', '.NET options'],
    needs: ['environment variables'],
    here: 'sdk/processor: the variables of the specification count where an option is missing',
    expects(world) {
      world.environment({ OTEL_BSP_MAX_QUEUE_SIZE: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '3' });
      return showsQueueAndBatch(world, 10, 3);
    },
  },
  {
    name: 'variables set the delay and the time-out',
    from: ['C++', 'Python', 'Rust', '.NET options'],
    needs: ['environment variables'],
    here: 'sdk/processor: the variables of the specification count where an option is missing',
    async expects(world) {
      world.environment({ OTEL_BSP_SCHEDULE_DELAY: '2', OTEL_BSP_EXPORT_TIMEOUT: '250' });
      await showsDelay(world, 2);
      await showsTimeout(world, 250, { scheduledDelayMillis: 5000 });
    },
  },
  {
    name: 'a variable sets how many exports may overlap',
    from: ['Rust'],
    here: 'sdk/processor: the number of exports at once has a variable, too',
    needs: ['environment variables', 'a concurrency'],
    async expects(world) {
      world.environment({ OTEL_BSP_MAX_CONCURRENT_EXPORTS: '5' });
      await showsConcurrency(world, 5);
      await showsConcurrency(world, 3, { maxConcurrentExports: 3 });
    },
  },
  {
    name: 'an option counts, not its variable',
    from: ['Rust', '.NET options'],
    needs: ['environment variables'],
    here: 'sdk/processor: the variables of the specification count where an option is missing',
    async expects(world) {
      world.environment({
        OTEL_BSP_MAX_QUEUE_SIZE: '4096',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1024',
        OTEL_BSP_SCHEDULE_DELAY: '2000',
        OTEL_BSP_EXPORT_TIMEOUT: '60000',
      });
      await showsQueueAndBatch(world, 20, 5, { maxQueueSize: 20, maxExportBatchSize: 5 });
      await showsDelay(world, 100, { scheduledDelayMillis: 100 });
      await showsTimeout(world, 200, { exportTimeoutMillis: 200 });
    },
  },
  {
    name: 'a variable that is no number counts as not set',
    from: ['Python', 'Rust async', '.NET options'],
    needs: ['environment variables'],
    here: 'sdk/processor: a variable that is %s counts as not set, and is reported once',
    expects(world) {
      world.environment({
        OTEL_BSP_MAX_QUEUE_SIZE: 'a',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'One',
        OTEL_BSP_SCHEDULE_DELAY: ' ',
        OTEL_BSP_EXPORT_TIMEOUT: '@',
      });
      return showsDefaults(world);
    },
  },
  {
    name: 'a variable that is out of range counts as not set',
    from: ['.NET options'],
    here: 'sdk/processor: a variable that is %s counts as not set, and is reported once',
    needs: ['environment variables'],
    expects(world) {
      world.environment({ OTEL_BSP_MAX_QUEUE_SIZE: '0' });
      return showsQueueAndBatch(world, 2048, 512);
    },
  },
  {
    name: 'a batch by variable that is larger than the queue is as large as the queue',
    from: ['Go', 'Rust', '.NET options'],
    here: 'sdk/processor: a batch larger than the queue is reduced to it: asked for %s',
    needs: ['environment variables'],
    async expects(world) {
      world.environment({ OTEL_BSP_MAX_QUEUE_SIZE: '50', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10000' });
      await showsQueueAndBatch(world, 50, 50);
    },
  },
];
