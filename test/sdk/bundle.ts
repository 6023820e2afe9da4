import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type * as core from '../../src/index.ts';
import type * as sdk from '../../src/sdk/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules/.cache/oncespan');

/** Everything that the tests load by itself, as one module: `?v=1`, `?v=2` evaluate all of the library again. */
export type Library = typeof core & typeof sdk;

/** Bundles the library, so that Node can run it from a clean clone. Under `node_modules`, where its imports resolve. */
export async function bundleLibrary(): Promise<{ url: string; remove: () => Promise<void> }> {
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'bundle-'));
  const outfile = join(directory, 'library.mjs');
  await build({
    stdin: {
      contents: "export * from './src/index.ts'; export * from './src/sdk/index.ts';",
      resolveDir: root,
    },
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    packages: 'external',
  });
  return {
    url: pathToFileURL(outfile).href,
    remove: () => rm(directory, { recursive: true }),
  };
}
