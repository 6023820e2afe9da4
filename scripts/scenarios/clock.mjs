// Time for the scenarios: it passes when a scenario says so. Imported before anything that keeps the timers it finds at import.

import { setImmediate } from 'node:timers/promises';

/** Longer than every limit of a scenario: who has not answered by then never will. */
const FOR_EVER_MS = 600_000;

const timers = new Set();
let now = 0;

globalThis.setTimeout = (act, delayMs = 0, ...args) => {
  const timer = {
    at: now + Math.max(1, delayMs),
    act: () => act(...args),
    unref: () => timer,
    ref: () => timer,
  };
  timers.add(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => timers.delete(timer);

/** Lets everything happen that can happen without time passing. */
export async function turn() {
  for (let i = 0; i < 5; i++) await setImmediate();
}

/** Lets the time pass, timer by timer. */
export async function pass(ms) {
  const end = now + ms;
  await turn();
  for (let due = earliest(end); due !== undefined; due = earliest(end)) {
    timers.delete(due);
    now = Math.max(now, due.at);
    due.act();
    await turn();
  }
  now = Math.max(now, end);
}

/** What a promise has come to so far. */
export function watch(promise) {
  const seen = { status: 'pending' };
  promise.then(
    (value) => Object.assign(seen, { status: 'fulfilled', value }),
    (reason) => Object.assign(seen, { status: 'rejected', reason }),
  );
  return seen;
}

/** What a promise comes to, however long that takes, but not for ever. */
export async function settled(promise) {
  const seen = watch(promise);
  const end = now + FOR_EVER_MS;
  await turn();
  while (seen.status === 'pending' && timers.size > 0 && now < end) await pass(toNext());
  return seen;
}

/** Lets every timer come that is left, so that it does not come during somebody else's scenario. */
export async function passAll() {
  await pass(FOR_EVER_MS);
  timers.clear();
}

function earliest(end = Infinity) {
  const due = [...timers].filter(({ at }) => at <= end);
  return due.reduce(
    (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
    undefined,
  );
}

const toNext = () => Math.max(0, earliest().at - now);
