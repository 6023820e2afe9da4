// What a suite has seen, as a list of [name, outcome]: two runs are compared entry by entry.

import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 5000;

/** @returns `check` for suites of our own, `add` for others', `results` for the list */
export function entries() {
  const list = [];
  const unhandled = [];
  const times = new Map();
  const note = (kind) => (error) => void unhandled.push(`${kind}: ${errorInWords(error)}`);
  process.on('unhandledRejection', note('unhandled'));
  process.on('uncaughtException', note('uncaught'));
  process.on('rejectionHandled', () => void unhandled.push('handled late'));
  process.on('warning', note('warning'));

  /** An entry of a suite that names its own tests, and may use a name twice. */
  const add = (name, outcome) => {
    const nth = (times.get(name) ?? 0) + 1;
    times.set(name, nth);
    list.push([nth === 1 ? name : `${name} (${nth})`, String(outcome)]);
  };

  /**
   * Runs `act`, and writes down what it resolves to, or how it fails, what it said with `log`, and which rejections were
   * left unhandled meanwhile.
   */
  const check = async (name, act) => {
    const said = [];
    const log = (...words) => void said.push(words.map(show).join(' '));
    let outcome;
    try {
      outcome = show(await withLimit(act(log)));
    } catch (error) {
      outcome = `throws ${errorInWords(error)}`;
    }
    // Unhandled rejections are told when the microtasks have run.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    add(name, [...said, outcome, ...unhandled.splice(0)].join('\n'));
  };

  const results = async () => {
    await sleep(50);
    list.push(['unhandled rejections and warnings', unhandled.toSorted().join('\n')]);
    return list;
  };
  return { check, add, results };
}

function withLimit(promise) {
  const limit = sleep(LIMIT_MS, undefined, { ref: true }).then(() => {
    throw new Error('nothing happened for five seconds');
  });
  return Promise.race([promise, limit]);
}

export function show(value) {
  if (value instanceof Error) return errorInWords(value);
  return steady(inspect(value, { depth: 6, sorted: true, breakLength: 100, compact: 3 }));
}

export function errorInWords(error) {
  if (!(error instanceof Error)) return show(error);
  return steady(`${error.name} (${error.constructor.name}): ${error.message}`);
}

/** Without what differs from run to run, and without stacks, which do show a tracer's frames. */
function steady(text) {
  return text
    .replaceAll(/\n +at .*/g, '')
    .replaceAll(/(127\.0\.0\.1|localhost):\d+/g, '$1:port')
    .replaceAll(/\bdate: '[^']*'/g, "date: 'now'");
}

/** What `act` throws or rejects with, or `no error`. */
export async function failure(act) {
  try {
    await act();
    return 'no error';
  } catch (error) {
    return error;
  }
}
