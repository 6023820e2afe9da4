// node bundlers/bundle.mjs <tool> <node | browser> <entry> <file>: one bundle, as the tool's documentation has it, with no
// polyfill and nothing external. A warning is a failure: a user would see it and wonder.
import { basename, dirname, resolve } from 'node:path';

const [tool, target, entry, file] = process.argv.slice(2);
const isForNode = target === 'node';

/** Imported when needed: a row may have only one of them installed. */
const TOOLS = {
  async esbuild() {
    const { build } = await import('esbuild');
    const { warnings } = await build({
      entryPoints: [entry],
      outfile: file,
      bundle: true,
      format: isForNode ? 'cjs' : 'esm',
      platform: target,
    });
    return warnings.map(({ text }) => text);
  },

  async rollup() {
    const [{ rollup }, { default: resolveModules }, { default: commonjs }] = await Promise.all([
      import('rollup'),
      import('@rollup/plugin-node-resolve'),
      import('@rollup/plugin-commonjs'),
    ]);
    const warnings = [];
    const bundle = await rollup({
      input: entry,
      plugins: [resolveModules({ browser: !isForNode, preferBuiltins: isForNode }), commonjs()],
      onLog: (level, { message }) => level === 'warn' && warnings.push(message),
    });
    await bundle.write({ file, format: 'es', inlineDynamicImports: true });
    return warnings;
  },

  async vite() {
    const { build, createLogger } = await import('vite');
    const warnings = [];
    const logger = createLogger('warn');
    logger.warn = logger.warnOnce = (text) => warnings.push(text);
    await build({
      configFile: false,
      customLogger: logger,
      ssr: isForNode ? { noExternal: true } : undefined,
      build: {
        ssr: isForNode && entry,
        outDir: dirname(file),
        emptyOutDir: false,
        rolldownOptions: { input: entry, output: { entryFileNames: basename(file) } },
      },
    });
    return warnings;
  },

  async webpack() {
    const { default: webpack } = await import('webpack');
    const output = { path: resolve(dirname(file)), filename: basename(file) };
    const compiler = webpack({
      mode: 'production',
      target: isForNode ? 'node' : 'web',
      entry: resolve(entry),
      output,
      performance: false,
    });
    const stats = await new Promise((onEnd, onError) => {
      compiler.run((error, result) => (error ? onError(error) : onEnd(result)));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    return [...errors, ...warnings].map(({ message }) => message);
  },
};

const warnings = await TOOLS[tool]();
for (const warning of warnings) console.log(warning);
process.exitCode = warnings.length;
