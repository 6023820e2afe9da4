// When spans are exported, which, and what is in them.

import { resourceFromAttributes } from '@opentelemetry/resources';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { pass, settled, turn } from './clock.mjs';
import { Exporter } from './exporter.mjs';
import { same } from './same.mjs';
import { names } from './world.mjs';

/** Exports a sampled span, but not the one before it, about which the sampler decides so. */
async function leavesOut(world, decision) {
  const sampler = {
    shouldSample: (_context, _traceId, name) => ({
      decision: name === 'sampled' ? SamplingDecision.RECORD_AND_SAMPLED : decision,
    }),
    toString: () => 'by name',
  };
  const { exporter } = world.set({ sampler });
  world.end('left out', 'sampled');
  await settled(world.flush());
  same('the spans', exporter.names, ['sampled']);
}

export const batches = [
  {
    name: 'a full batch is exported at once',
    from: ['JS', 'Python batch', '.NET'],
    here: 'sdk/processor: at once with a full batch, never on the stack of span.end()',
    async expects(world) {
      const { exporter } = world.set({ maxQueueSize: 3, maxExportBatchSize: 3 });
      world.end('a', 'b', 'c');
      await turn();
      same('the batches', exporter.batches, [['a', 'b', 'c']]);
    },
  },
  {
    name: 'less than a batch is exported when the delay has passed',
    from: ['JS', 'Java', 'Python batch', 'Rust'],
    here: 'sdk/processor: after the delay, with everything that ended since; none while there is nothing',
    async expects(world) {
      const { exporter } = world.set({ maxExportBatchSize: 5, scheduledDelayMillis: 100 });
      world.end('a', 'b', 'c', 'd');
      await pass(99);
      same('the batches before the delay', exporter.batches, []);
      await pass(1);
      same('the batches after it', exporter.batches, [['a', 'b', 'c', 'd']]);
    },
  },
  {
    name: 'each delay counts anew from the first span that waits',
    from: ['JS', 'Java'],
    here: 'sdk/processor: after the delay, with everything that ended since; none while there is nothing',
    async expects(world) {
      const { exporter } = world.set({ scheduledDelayMillis: 100 });
      world.end('a');
      await pass(250);
      world.end('b');
      await pass(99);
      same('the batches before the second delay', exporter.batches, [['a']]);
      await pass(1);
      same('the batches after it', exporter.batches, [['a'], ['b']]);
    },
  },
  {
    name: 'an export without spans never takes place, whatever has started',
    from: ['JS', 'Java'],
    here: 'sdk/processor: after the delay, with everything that ended since; none while there is nothing',
    async expects(world) {
      const { exporter, provider } = world.set({ maxExportBatchSize: 2, scheduledDelayMillis: 100 });
      const started = names(3).map((name) => provider.getTracer('scenario').startSpan(name));
      await pass(1000);
      await settled(world.flush());
      same('the exports while nothing has ended', exporter.exports.length, 0);
      started[1].end();
      await pass(1000);
      same('the batches after one has', exporter.batches, [['span 1']]);
    },
  },
  {
    name: 'when the batch fills several times, each span is exported once',
    from: ['JS', 'Java'],
    here: 'sdk/model: any interleaving: every ended span is in one place, flushes are served in order, nothing is left',
    async expects(world) {
      const { exporter } = world.set({ maxExportBatchSize: 5, scheduledDelayMillis: 100 });
      for (const name of names(11)) world.end(name);
      await pass(1000);
      same('the spans', exporter.names, names(11));
    },
  },
  {
    name: 'spans are exported in the order in which they ended',
    from: ['Java', 'C++'],
    here: 'sdk/model: any interleaving: every ended span is in one place, flushes are served in order, nothing is left',
    async expects(world) {
      const { exporter, provider } = world.set({ maxExportBatchSize: 2 });
      const tracer = provider.getTracer('scenario');
      const [first, second, third] = ['a', 'b', 'c'].map((name) => tracer.startSpan(name));
      for (const span of [third, first, second]) span.end();
      await settled(world.flush());
      same('the spans', exporter.names, ['c', 'a', 'b']);
    },
  },
  {
    name: 'a backlog is exported in full batches, and the rest after them',
    from: ['Go', 'Java'],
    here: 'sdk/processor: one after the other, whatever is asked for meanwhile',
    async expects(world) {
      const { exporter } = world.set({ maxQueueSize: 210, maxExportBatchSize: 20 });
      world.end(...names(210));
      await settled(world.flush());
      same('the sizes of the batches', exporter.sizes, [...Array(10).fill(20), 10]);
    },
  },
  {
    name: 'a whole queue that ends in one go is exported, in order',
    from: ['C++', 'Go', 'Java'],
    here: 'sdk/processor: by default with 512, of 2,048 that wait',
    async expects(world) {
      const { exporter } = world.set();
      world.end(...names(2048));
      await settled(world.flush());
      same('the spans', exporter.names, names(2048));
    },
  },
  {
    name: 'spans that many tasks end at the same time are all exported',
    from: ['Go', 'Rust'],
    here: 'sdk/flush: 10,000 tasks that flush at once: every span is given once, exports never overlap, three passes at most',
    async expects(world) {
      const { exporter } = world.set({ maxQueueSize: 20, maxExportBatchSize: 5 });
      const tasks = names(10).map(async (name) => {
        await turn();
        world.end(name);
      });
      await Promise.all(tasks);
      await settled(world.flush());
      same('the spans', exporter.names.toSorted(), names(10));
    },
  },
  {
    name: 'a span that is not sampled is not exported, the next one is',
    from: ['Java', 'Python'],
    here: 'sdk/processor: spans that were not sampled are left out',
    expects: (world) => leavesOut(world, SamplingDecision.NOT_RECORD),
  },
  {
    name: 'a span that is recorded and not sampled is not exported, the next one is',
    from: ['JS', 'Java', '.NET'],
    here: 'sdk/processor: spans that were not sampled are left out',
    expects: (world) => leavesOut(world, SamplingDecision.RECORD),
  },
  {
    name: 'a span is exported with its attributes and with the resource of its provider',
    from: ['Rust'],
    here: 'sdk/processor: spans reach the exporter with their attributes and the resource of their provider',
    async expects(world) {
      const { exporter, provider } = world.set({
        resource: resourceFromAttributes({ 'service.name': 'shop' }),
      });
      const attributes = { key1: 'value1', key2: 'value2' };
      provider.getTracer('scenario').startSpan('a', { attributes }).end();
      await settled(world.flush());
      const [span] = exporter.exports[0].spans;
      same('the attributes', { ...span.attributes }, attributes);
      same('the service', span.resource.attributes['service.name'], 'shop');
    },
  },
  {
    name: 'a resource that is still being read is waited for',
    from: ['JS'],
    here: 'sdk/processor: once the resource attributes that were pending have arrived',
    async expects(world) {
      const { promise, resolve } = Promise.withResolvers();
      const { exporter } = world.set({ resource: resourceFromAttributes({ late: promise }) });
      world.end('a');
      const flushed = settled(world.flush());
      await turn();
      same('the exports before it has arrived', exporter.exports.length, 0);
      resolve('here');
      await flushed;
      same('the attribute', exporter.exports[0].spans[0].resource.attributes['late'], 'here');
    },
  },
  {
    name: 'an exporter that hands on to several gives each of them every span',
    from: ['Java'],
    here: 'sdk/processor: an exporter that hands on to several gives each of them every span',
    async expects(world) {
      const each = [new Exporter(), new Exporter()];
      const exporter = {
        export: (spans, answer) => each[0].export(spans, () => each[1].export(spans, answer)),
        shutdown: async () => {},
      };
      world.set({ exporter });
      world.end('a', 'b');
      await settled(world.flush());
      same(
        'the spans of each',
        each.map((one) => one.names),
        [
          ['a', 'b'],
          ['a', 'b'],
        ],
      );
    },
  },
];
