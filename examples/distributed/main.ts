// npm run example:distributed [-- COUNT]: a producer and two workers over Redis, one of which is killed and one stopped in the middle.
// All send their spans to one receiver. Says what has arrived, and what is lost and why.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QueueEvents } from 'bullmq';
import { deferred } from '../../test/harness.ts';
import { OtlpReceiver } from '../../test/otlp-receiver.ts';
import { commandOf, hasRedis } from '../../test/servers/installed.ts';
import { ServerHome } from '../../test/servers/server-home.ts';
import { fateOf } from './orders.ts';
import { drawTraceOf, reportOn } from './report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const count = Number(process.argv[2] ?? 1000);

if (!hasRedis) {
  console.log('This needs a redis-server: apt-get install redis-server');
  process.exit(1);
}
const home = new ServerHome('distributed');
const path = join(home.folder, 'redis.sock');
await home.run(commandOf('redis-server')!, ['--port', '0', '--unixsocket', path, '--save', ''], {
  ready: /ready to accept connections/i,
});
const receiver = await OtlpReceiver.start();

function start(program: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, program), ...args], {
    // Where tsx finds the paths of tsconfig.json.
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, REDIS: path, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url },
  });
}

const logs = new Map<string, string>();
function startWorker(name: string): ChildProcess {
  const log = join(home.folder, `${name}.log`);
  writeFileSync(log, '');
  logs.set(name, log);
  return start('worker.ts', name, log);
}

async function stop(worker: ChildProcess): Promise<void> {
  const closed = once(worker, 'close');
  worker.kill('SIGTERM');
  await closed;
}

/** Resolves when so many jobs are through, whatever became of them. */
function through(queue: string, when: ReadonlyMap<number, () => void>): () => Promise<void> {
  const events = new QueueEvents(queue, { connection: { path } });
  const ids = new Set<string>();
  const hear = ({ jobId }: { jobId: string }) => {
    if (ids.has(jobId)) return;
    ids.add(jobId);
    when.get(ids.size)?.();
  };
  events.on('completed', hear);
  events.on('failed', hear);
  return () => events.close();
}

console.log(
  `${count} orders: a sixth is declined (threw), a sixth cancelled (aborted), the others get a receipt (returned).`,
);
console.log(
  'worker-1 gets SIGKILL after a quarter of them, worker-2 SIGTERM after half; worker-3 and worker-4 go on.',
);
const running = { doomed: startWorker('worker-1'), stopped: startWorker('worker-2') };
const replacements: ChildProcess[] = [];
const isStopped = deferred();
const areOrdersThrough = deferred();
const areReceiptsThrough = deferred();
const fine = Array.from({ length: count }, (_, id) => fateOf(id)).filter((fate) => fate === 'fine').length;
const closing = [
  through(
    'orders',
    new Map([
      [
        Math.floor(count / 4),
        () => {
          running.doomed.kill('SIGKILL');
          replacements.push(startWorker('worker-3'));
        },
      ],
      [
        Math.floor(count / 2),
        () => {
          replacements.push(startWorker('worker-4'));
          void stop(running.stopped).then(isStopped.resolve);
        },
      ],
      [count, areOrdersThrough.resolve],
    ]),
  ),
  through('receipts', new Map([[fine, areReceiptsThrough.resolve]])),
];

const producer = start('producer.ts', String(count));
await Promise.all([
  once(producer, 'close'),
  isStopped.promise,
  areOrdersThrough.promise,
  areReceiptsThrough.promise,
]);
await Promise.all(replacements.map(stop));
await Promise.all(closing.map((close) => close()));

const begun = new Map(
  Array.from(logs, ([name, log]) => [name, readFileSync(log, 'utf8').split('\n').filter(Boolean)]),
);
const isFine = reportOn({
  count,
  begun,
  killed: 'worker-1',
  spans: receiver.spans,
  duplicates: receiver.duplicates,
});
await drawTraceOf(receiver.spans);
await receiver.close();
await home.leave();
process.exitCode = isFine ? 0 : 1;
