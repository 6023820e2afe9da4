// node workerd/run.mjs <compatibility date> <flag…>: bundles as wrangler does, and runs it in workerd.
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

const [compatibilityDate, ...compatibilityFlags] = process.argv.slice(2);
const problems = [];

async function withWorker(entry, bindings, use) {
  const { outputFiles, warnings } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*'],
  });
  problems.push(...warnings.map(({ text }) => text));
  const worker = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
    compatibilityDate,
    compatibilityFlags,
    ...bindings,
  });
  try {
    await use(worker);
  } finally {
    await worker.dispose();
  }
}

// Without Node's `AsyncLocalStorage` a context is followed to where the call returns.
const afterAwait = compatibilityFlags.length > 0;
await withWorker('workerd/worker.mjs', { bindings: { afterAwait } }, async (worker) => {
  const answer = await (await worker.dispatchFetch('http://localhost/')).text();
  if (answer !== '[]') problems.push(answer);
});

const paths = Array.from({ length: 100 }, (_, i) => `/request/${i}`);
const arrived = [];
let allHaveArrived;
const all = new Promise((resolve) => (allHaveArrived = resolve));
/** Answers nobody before everything has arrived: requests and exports overlap. */
async function COLLECTOR(request) {
  arrived.push(...(await request.json()));
  if (arrived.length >= paths.length) allHaveArrived();
  await all;
  return new Response();
}
await withWorker('workerd/requests.mjs', { serviceBindings: { COLLECTOR } }, async (worker) => {
  await Promise.all(paths.map((path) => worker.dispatchFetch(`http://localhost${path}`)));
  const patience = setTimeout(allHaveArrived, 20_000);
  await all;
  clearTimeout(patience);
  const missing = paths.filter((path) => !arrived.includes(path));
  if (missing.length > 0 || arrived.length > paths.length)
    problems.push(`overlapping requests: ${arrived.length} spans arrived, ${missing.length} are missing`);
});

for (const problem of problems) console.log(problem);
process.exitCode = problems.length;
