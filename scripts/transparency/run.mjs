// One library in one mode, in a process of its own: `node --expose-gc run.mjs <file of the library> <mode> <file for the result>`.

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { entries, errorInWords } from './entries.mjs';
import { startMode } from './modes.mjs';

const [, , file, mode, into] = process.argv;
/** The longest wait for what only the garbage collector ends: a span is handed to its watch at the second collection. */
const WAIT_MS = 6000;

// What the library patches (zone.js) is patched before anything else is loaded.
const { suite } = await import(`./libraries/${file}`);
const { trace, count } = await startMode(mode);
const seen = entries();
try {
  await suite({ trace, ...seen });
} catch (error) {
  seen.add('the suite itself', errorInWords(error));
}
const results = await seen.results();
const ended = count().ended;

const deadline = Date.now() + WAIT_MS;
while (count().live.length > 0 && Date.now() < deadline) {
  globalThis.gc();
  await sleep(100);
}
writeFileSync(into, JSON.stringify({ results, endedLate: count().ended - ended, ...count() }));
process.exit();
