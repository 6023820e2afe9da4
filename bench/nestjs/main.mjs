// npm run bench:nestjs: the CPU that is added to a request by a span for its handler, by an interceptor that was written by hand and by
// `TracingModule`, over real HTTP. What counts is the CPU time of the server's process, the collector's threads included, for requests of a
// client in another process. One process serves all applications of a contest, as our budgets want it, or each has one of its own, as
// an application has that is traced in one way; either way they take turns in small slices and in changing order. A round adds up some
// slices of each. The table has the medians of what was added: of a handler's span to an application whose
// interceptor does nothing, for what Nest itself takes for that says nothing of either; of a request's to the plain one. The ratio is
// the median of the rounds', half of which lie in the spread. Writes it into docs/comparison.md. Words after `--`
// choose rows.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const ROUNDS = Number(process.env.ROUNDS ?? 25);
const PROCESSES = 3;
const WARM_UP = 4;
const SLICES = 4;
const REQUESTS = 1_000;

const words = process.argv.slice(2);
const quantile = (numbers, part) =>
  numbers.toSorted((a, b) => a - b)[Math.round((numbers.length - 1) * part)];
const median = (numbers) => quantile(numbers, 0.5);

async function ask(child, message) {
  child.send(message);
  const [answer] = await once(child, 'message');
  if (answer.failure !== undefined) throw new Error(answer.failure);
  return answer;
}

async function start(file, args, env = {}) {
  return fork(new URL(file, import.meta.url), args, { env: { ...process.env, ...env } });
}

/** The microseconds of CPU that a request costs each of the contestants `{ server, port }`, round by round. */
async function measure(client, contestants, request, count) {
  const names = Object.keys(contestants);
  const rounds = [];
  for (let round = -WARM_UP; round < count; round++) {
    const used = Object.fromEntries(names.map((name) => [name, 0]));
    for (let slice = 0; slice < SLICES; slice++) {
      const first = (round + WARM_UP + slice) % names.length;
      const order = [...names.slice(first), ...names.slice(0, first)];
      for (const name of slice % 2 === 0 ? order : order.reverse()) {
        const { server, port } = contestants[name];
        const before = await ask(server, {});
        await ask(client, { port, requests: REQUESTS, ...request });
        const after = await ask(server, {});
        used[name] += after.microseconds - before.microseconds;
      }
    }
    if (round < 0) continue;
    rounds.push(Object.fromEntries(names.map((name) => [name, used[name] / (SLICES * REQUESTS)])));
  }
  return rounds;
}

const answers = {
  'answered with 200': { id: '7', status: '200' },
  'an exception, 404': { id: 'none', status: '404' },
};

/** Starts the servers of a contest, together or each in a process of its own, with a client, for as long as `use` takes. */
async function serving(adapter, servers, isApart, use) {
  const started = [await start('client.mjs', [])];
  const contestants = {};
  const groups = isApart ? Object.entries(servers).map((entry) => [entry]) : [Object.entries(servers)];
  try {
    for (const group of groups) {
      const names = group.map(([, { around }]) => `${around}/${adapter}`);
      const isInstrumented = group.some(([, each]) => each.isInstrumented);
      const server = await start('server.mjs', names, { INSTRUMENTED: isInstrumented ? '1' : '' });
      started.push(server);
      const [{ ports }] = await once(server, 'message');
      for (const [name, { around }] of group)
        contestants[name] = { server, port: ports[`${around}/${adapter}`] };
    }
    return await use(started[0], contestants);
  } finally {
    for (const child of started) child.kill();
  }
}

/** `servers`: `{ contestant: { around, isInstrumented } }` */
async function contest(title, adapter, servers, { isApart, theirs, budget }) {
  const rows = [];
  for (const [answer, request] of Object.entries(answers)) {
    const row = `${title}, ${adapter}: ${answer}${isApart ? '' : ', in one process'}`;
    if (words.length > 0 && !words.some((word) => row.includes(word))) continue;
    // What a compiler makes of a process is the luck of that process.
    const times = isApart ? PROCESSES : 1;
    const run = (client, contestants) => measure(client, contestants, request, Math.ceil(ROUNDS / times));
    const rounds = [];
    for (let i = 0; i < times; i++) rounds.push(...(await serving(adapter, servers, isApart, run)));
    const added = (name) => rounds.map((round) => round[name] - round.base);
    const [ours, other] = [added('ours'), added(theirs)];
    const ratios = ours.map((each, i) => each / other[i]);
    rows.push({
      title: row,
      base: median(rounds.map(({ base }) => base)),
      ours: median(ours),
      theirs: median(other),
      other: theirs,
      ratio: median(ratios),
      spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
      budget: answer === 'answered with 200' ? budget : undefined,
    });
    print(rows.at(-1));
  }
  return rows;
}

const us = (microseconds) => `${microseconds.toFixed(1)} µs`;
const line = (cells) => `| ${cells.join(' | ')} |\n`;
const cellsOf = ({ title, base, ours, theirs, other, ratio, spread, budget }) => [
  title,
  us(base),
  us(ours),
  other,
  us(theirs),
  ratio.toFixed(2),
  spread.map((bound) => bound.toFixed(2)).join('–'),
  budget === undefined ? '' : `${budget.toFixed(2)}${ratio <= budget ? '' : ', missed'}`,
];
const print = (row) => console.log(cellsOf(row).join('  '));

const handler = {
  base: { around: 'an empty interceptor' },
  'by hand': { around: 'by hand' },
  ours: { around: 'ours' },
};
/** Each makes two spans for a request. An instrumentation is for the whole of its process. */
const request = {
  base: { around: 'plain' },
  'instrumentation-http, by hand': { around: 'by hand', isInstrumented: true },
  ours: { around: 'ours, requests too' },
};

const theirs = 'by hand';
const theirsOfRequests = 'instrumentation-http, by hand';
const rows = [];
for (const adapter of ['express', 'fastify']) {
  const together = await contest('handler', adapter, handler, { isApart: false, theirs, budget: 1 });
  const apart = await contest('handler', adapter, handler, { isApart: true, theirs });
  const options = { isApart: true, theirs: theirsOfRequests };
  rows.push(...together, ...apart, ...(await contest('request and handler', adapter, request, options)));
}

const head = [
  'Spans of',
  'without',
  'ours adds',
  'to',
  'which adds',
  'ratio',
  'half of the rounds',
  'budget',
];
const table = line(head) + line(head.map(() => '---')) + rows.map((row) => line(cellsOf(row))).join('');
const day = new Date().toISOString().slice(0, 10);
const told = `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} cores, ${day}\n\n${table}\n`;
console.log(`\n${told}`);
if (words.length === 0) {
  const path = fileURLToPath(new URL('../../docs/comparison.md', import.meta.url));
  const page = readFileSync(path, 'utf8');
  const marked = /(?<=<!-- bench-nestjs -->\n)[^]*(?=<!-- \/bench-nestjs -->)/;
  writeFileSync(
    path,
    page.replace(marked, () => `\n${told}`),
  );
}
process.exit();
