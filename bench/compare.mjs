// Compares ways of doing the same in one process: a round of each in turn, in changing order, so that a machine that gets
// slower or faster meanwhile does so for all. What counts is the median of the rounds' ratios; half of them lie in the spread.

const ROUNDS = 31;
const WARM_UP = 6;

const quantile = (sorted, part) => sorted[Math.round((sorted.length - 1) * part)];
const sorted = (numbers) => numbers.toSorted((a, b) => a - b);
const median = (numbers) => quantile(sorted(numbers), 0.5);

async function nanosecondsPerCall(calls, round) {
  const start = process.hrtime.bigint();
  const measured = await round(calls);
  return (measured ?? Number(process.hrtime.bigint() - start)) / calls;
}

/**
 * @param contestants `{ ours, [name]: … }`: each makes `calls` calls; one that answers a number has measured itself
 * @param between what else the process does: called before each round
 * @returns the median in nanoseconds a call of each, and for each other one `{ ratio, spread: [from, to] }`, ours to it
 */
export async function compare({ contestants, calls, between = () => {} }) {
  const names = Object.keys(contestants);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const first = Math.abs(round) % names.length;
    const order = [...names.slice(first), ...names.slice(0, first)];
    for (const name of round % 2 === 0 ? order : order.reverse()) {
      await between();
      const time = await nanosecondsPerCall(calls, contestants[name]);
      if (round >= 0) times[name].push(time);
    }
  }
  const others = names.filter((name) => name !== 'ours');
  const ratiosTo = (name) => sorted(times.ours.map((time, i) => time / times[name][i]));
  return {
    times: Object.fromEntries(names.map((name) => [name, median(times[name])])),
    ratios: Object.fromEntries(
      others.map((name) => {
        const ratios = ratiosTo(name);
        return [name, { ratio: median(ratios), spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)] }];
      }),
    ),
  };
}
