// npm run scenarios [-- WORD…]: what the batch span processor suites of OpenTelemetry's other SDKs expect, run against the processor of
// the JavaScript SDK and against ours (scripts/scenarios). WORD: only the scenarios whose name contains it. When all have run,
// docs/scenarios.md is written.

import { turn } from './scenarios/clock.mjs';
import { batches } from './scenarios/batches.mjs';
import { configuration } from './scenarios/configuration.mjs';
import { CONTESTANTS } from './scenarios/contestants.mjs';
import { failures } from './scenarios/failures.mjs';
import { flushes } from './scenarios/flushes.mjs';
import { memory } from './scenarios/memory.mjs';
import { overlap } from './scenarios/overlap.mjs';
import { tally, writePage } from './scenarios/page.mjs';
import { queue } from './scenarios/queue.mjs';
import { selfObservation } from './scenarios/self-observation.mjs';
import { shutdowns } from './scenarios/shutdowns.mjs';
import { World } from './scenarios/world.mjs';

const GROUPS = {
  Batches: batches,
  'A full queue': queue,
  'Exports at the same time': overlap,
  Flush: flushes,
  Shutdown: shutdowns,
  Failures: failures,
  Configuration: configuration,
  'Self-observation': selfObservation,
  Memory: memory,
};

const words = process.argv.slice(2);
const isAsked = ({ name }) => words.length === 0 || words.some((word) => name.includes(word));

const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

const groups = [];
for (const [title, scenarios] of Object.entries(GROUPS)) {
  const rows = [];
  for (const scenario of scenarios.filter(isAsked)) {
    const results = {};
    for (const contestant of Object.keys(CONTESTANTS)) results[contestant] = await run(scenario, contestant);
    rows.push({ scenario, results });
  }
  groups.push({ title, rows });
}

const rows = groups.flatMap(({ rows: ofGroup }) => ofGroup);
console.table(
  Object.fromEntries(
    rows.map(({ scenario, results: { stock, ours } }) => [
      scenario.name,
      { stock: stock.outcome, ours: ours.outcome },
    ]),
  ),
);
for (const { scenario, results } of rows) {
  if (results.ours.outcome === 'fails') console.log(`ours, ${scenario.name}: ${results.ours.reason}`);
}
console.log(`ours: ${tally(rows, 'ours')}, stock: ${tally(rows, 'stock')}`);
if (words.length === 0) writePage(new URL('../docs/scenarios.md', import.meta.url), groups);
const isBroken = ({ scenario, results }) =>
  results.ours.outcome === 'fails' && scenario.onPurpose === undefined;
process.exitCode = rows.some(isBroken) ? 1 : 0;

async function run({ needs = [], expects }, contestant) {
  if (needs.some((need) => !CONTESTANTS[contestant].has.includes(need))) return { outcome: 'lacks' };
  unhandled.length = 0;
  const world = new World(CONTESTANTS[contestant]);
  try {
    await expects(world, contestant);
    await turn();
    if (unhandled.length > 0) throw new Error(`a rejection that nobody handles: ${unhandled[0]}`);
    return { outcome: 'holds' };
  } catch (error) {
    return { outcome: 'fails', reason: String(error?.message ?? error) };
  } finally {
    await world.close();
  }
}
