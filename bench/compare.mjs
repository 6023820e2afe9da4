// Compares two ways of doing the same in one process: rounds of each in turn, in changing order, so that a machine that
// gets slower or faster meanwhile does so for both. What counts is the ratio of the medians.

const ROUNDS = 41;
const WARM_UP = 6;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function nanosecondsPerCall(calls, round) {
  const start = process.hrtime.bigint();
  await round(calls);
  return Number(process.hrtime.bigint() - start) / calls;
}

/**
 * @param contestants `{ ours, theirs }`: each makes `calls` calls, one after the other
 * @returns medians in nanoseconds a call, and the median of the rounds' ratios
 */
export async function compare({ ours, theirs, calls }) {
  const times = { ours: [], theirs: [] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours'];
    for (const who of order) {
      const time = await nanosecondsPerCall(calls, who === 'ours' ? ours : theirs);
      if (round >= 0) times[who].push(time);
    }
  }
  const ratios = times.ours.map((time, i) => time / times.theirs[i]);
  return { ours: median(times.ours), theirs: median(times.theirs), ratio: median(ratios) };
}
