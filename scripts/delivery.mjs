// npm run delivery [-- OPTION…]: what arrives, over real OTLP/HTTP, of this library's processor and of the SDK's own, in one
// process. First of tasks that end and flush all at once, then under load (scripts/delivery). A full run writes the tables
// in docs/delivery.md.
//
//   --serial              leaves out the columns with exports that overlap and with as much memory
//   --seconds N           of load in each cell; 3 by default
//   --rate N, --round-trip N, --flushes N    each any number of times: only these cells of the load table; writes nothing

import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './consumer.mjs';
import { endAtOnce } from './delivery/at-once.mjs';
import { CONTESTANTS, runLoad } from './delivery/load.mjs';
import { percent, writePage } from './delivery/page.mjs';

const several = { type: 'string', multiple: true };
const { values: given } = parseArgs({
  options: {
    serial: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '3' },
    rate: several,
    'round-trip': several,
    flushes: several,
  },
});
const isFullRun = !given.rate && !given['round-trip'] && !given.flushes;
const numbers = (chosen, all) => chosen?.map(Number) ?? all;

const seconds = Number(given.seconds);
const rates = numbers(given.rate, [1000, 10_000, 50_000]);
const roundTrips = numbers(given['round-trip'], [0, 20, 100, 500]);
// 60 a second is as much as 30 exports of 500 ms can take: one rate below it, one above.
const flushRates = numbers(given.flushes, [0, 50, 100]);
const contestants = given.serial ? CONTESTANTS.slice(0, 2) : CONTESTANTS;

// What else the machine has to do is measured too: the page says how much that was.
const [loadBefore] = loadavg();
const atOnce = isFullRun ? await endAtOnce() : [];
if (isFullRun) console.table(atOnce);

// Else the first cells would measure the compiler.
for (const contestant of contestants) {
  await runLoad(contestant, { rate: 50_000, flushes: 100, roundTripMs: 0, seconds: 1 });
}

const cells = [];
for (const roundTripMs of roundTrips) {
  for (const rate of rates) {
    for (const flushes of flushRates) {
      const load = { rate, flushes, roundTripMs, seconds };
      const runs = [];
      for (const contestant of contestants) {
        if (contestant.isFor?.(load) === false) continue;
        runs.push({ contestant, ...(await runLoad(contestant, load)) });
      }
      cells.push({ load, runs });
      const lost = runs.map((run) => `${percent(run.lost)} (${run.mostInFlight})`).join('   ');
      console.log(`${rate}/s, ${roundTripMs} ms, ${flushes} flushes/s:   ${lost}`);
    }
  }
}

if (isFullRun) writePage(join(ROOT, 'docs/delivery.md'), { atOnce, cells, contestants, seconds, loadBefore });
