// node workerd/run.mjs <compatibility date> <flag…>: bundles as wrangler does, and runs it in workerd.
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

const [compatibilityDate, ...compatibilityFlags] = process.argv.slice(2);
const { outputFiles, warnings } = await build({
  entryPoints: ['workerd/worker.mjs'],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  conditions: ['workerd', 'worker', 'browser'],
  external: ['node:*'],
});
const worker = new Miniflare({
  modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
  compatibilityDate,
  compatibilityFlags,
  // Without Node's `AsyncLocalStorage` a context is followed to where the call returns.
  bindings: { afterAwait: compatibilityFlags.length > 0 },
});
try {
  const answer = await (await worker.dispatchFetch('http://localhost/')).text();
  const problems = [...warnings.map(({ text }) => text), ...(answer === '[]' ? [] : [answer])];
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length;
} finally {
  await worker.dispose();
}
