// What an exporter or a caller can do wrong, and what goes on all the same.

import { pass, settled, turn, watch } from './clock.mjs';
import { accepts, acceptsAfter, Exporter, holds, refuses, REFUSAL, throws } from './exporter.mjs';
import { same } from './same.mjs';
import { names } from './world.mjs';

export const failures = [
  {
    name: 'an exporter that throws has lost that batch; the next export takes place',
    from: ['Java'],
    here: 'sdk/processor: throws has failed, and the next export takes place',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(throws), maxExportBatchSize: 1 });
      world.end('lost');
      await turn();
      exporter.respondWith(accepts);
      world.end('next');
      await pass(100);
      same('the batches', exporter.batches, [['lost'], ['next']]);
    },
  },
  {
    name: 'what ends during an export that fails is exported after it',
    from: ['JS'],
    here: 'sdk/processor: rejects with the failure of a batch that it covers, and of no other',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(holds), scheduledDelayMillis: 100 });
      world.end('refused');
      await pass(100);
      world.end('meanwhile');
      refuses(exporter.exports[0]);
      exporter.respondWith(accepts);
      await pass(100);
      same('the batches', exporter.batches, [['refused'], ['meanwhile']]);
    },
  },
  {
    name: 'an export that fails is told to the SDK’s global error handler, once',
    from: ['JS'],
    here: 'sdk/processor: refuses is heard of at the level ERROR, and by the handler of the SDK’s errors',
    async expects(world) {
      world.handleErrors();
      world.set({ exporter: new Exporter(refuses), maxExportBatchSize: 5 });
      world.end(...names(5));
      await pass(10_000);
      same('what it was told', world.handled, [REFUSAL]);
    },
  },
  {
    name: 'an export that is not answered is given up after its time-out, and the next one takes place',
    from: ['Java'],
    here: 'sdk/processor: hangs is given up after exportTimeoutMillis: whether the batch arrived is unknown',
    async expects(world) {
      const { exporter } = world.set({
        exporter: new Exporter(holds),
        maxQueueSize: 1,
        maxExportBatchSize: 1,
        exportTimeoutMillis: 10,
      });
      world.end('hung');
      await turn();
      exporter.respondWith(accepts);
      world.end('next');
      await pass(9);
      same('the batches before the time-out', exporter.batches, [['hung']]);
      await pass(1);
      same('the batches after it', exporter.batches, [['hung'], ['next']]);
    },
  },
  {
    name: 'a flush fails when its export takes longer than the time-out, and only then',
    from: ['Rust async', 'Go'],
    here: 'sdk/processor: hangs is given up after exportTimeoutMillis: whether the batch arrived is unknown',
    async expects(world) {
      const { exporter } = world.set({ exporter: new Exporter(acceptsAfter(60)), exportTimeoutMillis: 50 });
      world.end('slow');
      const flushed = watch(world.flush());
      await pass(50);
      same('the flush at the time-out', flushed.status, 'rejected');
      exporter.respondWith(acceptsAfter(40));
      world.end('quick');
      same('the flush of a quick export', (await settled(world.flush())).status, 'fulfilled');
    },
  },
  {
    name: 'what an exporter does is not traced',
    from: ['JS'],
    here: 'sdk/processor: in the root context with tracing suppressed, not in that of who ended the span or flushed',
    async expects(world) {
      const recorded = [];
      const { exporter, provider } = world.set();
      exporter.respondWith((one) => {
        recorded.push(provider.getTracer('exporter').startSpan('of the exporter').isRecording());
        accepts(one);
      });
      world.end('a');
      await settled(world.flush());
      same('whether its span is recorded', recorded, [false]);
    },
  },
  {
    name: 'null instead of a span does no harm',
    from: ['Java'],
    here: 'sdk/processor: what is no span is reported, and harms nothing',
    async expects(world) {
      const { processor } = world.set();
      processor.onStart(null, null);
      processor.onEnd(null);
    },
  },
];
