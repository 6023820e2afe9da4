// An application that imports beside a dependency that requires: one copy where Node can require an ES module. Where it
// cannot there are two, which have to agree on what is shared (docs/hosts.md).
import { createRequire } from 'node:module';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import * as imported from 'oncespan';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

const required = createRequire(import.meta.url)('oncespan');
const [major, minor] = process.versions.node.split('.').map(Number);
const canRequireModules = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
const problems = [];
const check = (what, isRight) => isRight || problems.push(what);

check('one instance', (required.traceTask === imported.traceTask) === canRequireModules);

const ended = [];
const exporter = {
  export(spans, answer) {
    ended.push(...spans.map(({ name }) => name));
    answer({ code: 0 });
  },
  shutdown: async () => {},
};
const provider = new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(exporter)] });
let passes = 0;
const forceFlush = provider.forceFlush.bind(provider);
provider.forceFlush = () => (passes++, forceFlush());
const lease = await startTracing(() => provider, { signals: [] });

class Orders {
  place() {}
}
const { prototype } = Orders;
const decorate = ({ Traced }, key) =>
  Object.defineProperty(
    prototype,
    key,
    Traced()(prototype, key, Object.getOwnPropertyDescriptor(prototype, key)),
  );
decorate(required, 'place');
imported.Traced()(Orders);
new Orders().place();
await Promise.all([required.flush(), imported.flush(), required.flush(), imported.flush()]);
check('a method decorated by both has one span', ended.join() === 'Orders.place');
check(`passes of a shared group: ${passes}`, passes === 2);

required.startSpan('live, required');
imported.startSpan('live, imported');
await lease.release();
check(
  'a shutdown ends what is live in both',
  ended.sort().join() === 'Orders.place,live, imported,live, required',
);

for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? 'behaves' : 'MISBEHAVES');
process.exitCode = problems.length;
