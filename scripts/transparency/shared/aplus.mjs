import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The tests of Promises/A+, all of whose promises come out of traced functions. */
export async function aplus({ trace, add }, { deferred, resolved, rejected }) {
  const runTests = require('promises-aplus-tests');
  const handedOut = [];
  const noted = (make) => (value) => {
    const promise = make(value);
    handedOut.push(new WeakRef(promise));
    return promise;
  };
  const tracedDeferred = trace(deferred);
  const adapter = {
    deferred() {
      const made = tracedDeferred();
      const { promise } = made;
      return { ...made, promise: noted(trace(() => promise))() };
    },
    resolved: noted(trace(resolved)),
    rejected: noted(trace(rejected)),
  };
  function Reporter(runner) {
    runner.on('pass', (test) => add(test.fullTitle(), 'passed'));
    runner.on('fail', (test, error) => add(test.fullTitle(), `failed: ${error.message}`));
  }
  await new Promise((resolve) => void runTests(adapter, { reporter: Reporter }, resolve));
  // Some are held by the tests to the end and never asked.
  const ignore = () => undefined;
  for (const reference of handedOut) reference.deref()?.then(ignore, ignore);
}
