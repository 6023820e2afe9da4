// What a processor tells a meter provider about itself.

import { metrics as globalMetrics } from '@opentelemetry/api';
import { AggregationTemporality } from '@opentelemetry/sdk-metrics';
import { pass, settled, turn } from './clock.mjs';
import { accepts, Exporter, holds, refuses } from './exporter.mjs';
import { Metrics } from './metrics.mjs';
import { same } from './same.mjs';
import { names } from './world.mjs';

/** Two spans are in flight, two fill the queue, and one has found it full. */
async function overflow(world) {
  const metrics = new Metrics();
  const { exporter } = world.set({
    exporter: new Exporter(holds),
    maxQueueSize: 2,
    maxExportBatchSize: 2,
    meterProvider: metrics.provider,
  });
  world.end('a', 'b');
  await turn();
  world.end('c', 'd', 'full');
  return { metrics, exporter };
}

export const selfObservation = [
  {
    name: 'the queue’s size and capacity are observed, of a component with a type and a name',
    from: ['JS', 'Go', 'Python'],
    here: 'sdk/self-observation: names each processor, of a type of its own, and observes it no more after the shutdown',
    async expects(world) {
      const { metrics, exporter } = await overflow(world);
      same('the capacity', await metrics.value('queue.capacity'), 2);
      same('the size while an export is in flight', await metrics.value('queue.size'), 2);
      exporter.release();
      await settled(world.flush());
      same('the size after a flush', await metrics.value('queue.size'), 0);
      for (const { attributes } of Object.values(await metrics.points()).flat()) {
        const component = [attributes['otel.component.type'], attributes['otel.component.name']];
        same(
          'what the component is called',
          component.map((name) => typeof name),
          ['string', 'string'],
        );
      }
    },
  },
  {
    name: 'spans are counted as processed when they are handed to the exporter',
    from: ['Go', 'Python', 'Rust'],
    here: 'sdk/self-observation: tells the queue’s size and capacity, and the spans that were given to the exporter or dropped, whatever came of it',
    async expects(world) {
      const { metrics, exporter } = await overflow(world);
      same('while an export is in flight', (await metrics.processed())['processed'], 2);
      exporter.release();
      await settled(world.flush());
      same('after a flush', (await metrics.processed())['processed'], 4);
    },
  },
  {
    name: 'a span that finds the queue full is counted as queue_full',
    from: ['JS', 'Go', 'Python', 'Rust'],
    here: 'sdk/self-observation: tells the queue’s size and capacity, and the spans that were given to the exporter or dropped, whatever came of it',
    async expects(world) {
      const { metrics } = await overflow(world);
      same('the count', (await metrics.processed())['queue_full'], 1);
    },
  },
  {
    name: 'spans whose export fails are counted as processed, without an error',
    from: ['Python'],
    here: 'sdk/self-observation: tells the queue’s size and capacity, and the spans that were given to the exporter or dropped, whatever came of it',
    async expects(world) {
      const metrics = new Metrics();
      const { exporter } = world.set({ exporter: new Exporter(refuses), meterProvider: metrics.provider });
      world.end('refused');
      await settled(world.flush());
      exporter.respondWith(accepts);
      world.end('accepted');
      await settled(world.flush());
      same('the counts', await metrics.processed(), { processed: 2 });
    },
  },
  {
    name: 'a span that ends after the shutdown is counted as already_shutdown',
    from: ['Python', 'Rust'],
    here: 'sdk/self-observation: tells the queue’s size and capacity, and the spans that were given to the exporter or dropped, whatever came of it',
    async expects(world) {
      const metrics = new Metrics();
      world.set({ meterProvider: metrics.provider });
      world.end('before');
      await settled(world.shutdown());
      world.end(...names(7, 'after'));
      same('the counts', await metrics.processed(), { processed: 1, already_shutdown: 7 });
    },
  },
  {
    name: 'after a shutdown the queue is not observed any more',
    from: ['Go metrics'],
    here: 'sdk/self-observation: names each processor, of a type of its own, and observes it no more after the shutdown',
    async expects(world) {
      const metrics = new Metrics(AggregationTemporality.DELTA);
      world.set({ meterProvider: metrics.provider });
      same('the size before', await metrics.value('queue.size'), 0);
      await settled(world.shutdown());
      same('the size after', await metrics.value('queue.size'), undefined);
    },
  },
  {
    name: 'without a meter provider nothing is measured, whatever is registered globally',
    from: ['Go'],
    here: 'sdk/self-observation: without a meter provider of its own a processor measures nothing, whatever is registered',
    async expects(world) {
      const metrics = new Metrics();
      globalMetrics.setGlobalMeterProvider(metrics.provider);
      world.set({ maxQueueSize: 2, maxExportBatchSize: 2 });
      world.end(...names(5));
      await pass(10_000);
      globalMetrics.disable();
      same('the metrics', Object.keys(await metrics.points()), []);
    },
  },
  {
    name: 'a meter that makes no instruments does not stop the exports',
    from: ['Go metrics'],
    here: 'sdk/self-observation: a meter provider that fails costs the metrics, not the spans',
    async expects(world) {
      const fails = () => {
        throw new Error('no instruments today');
      };
      const meter = new Proxy({}, { get: () => fails });
      const { exporter } = world.set({ meterProvider: { getMeter: () => meter } });
      world.end('a');
      await settled(world.flush());
      same('the spans', exporter.names, ['a']);
    },
  },
];
