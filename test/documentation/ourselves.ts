import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

// Lets a program that lies anywhere import this package from its source, and the rest from its dependencies.
const root = new URL('../../', import.meta.url);
const require = createRequire(root);

registerHooks({
  resolve(specifier, context, next) {
    const entry = /^oncespan(?:\/(\w+))?$/.exec(specifier);
    if (entry !== null) {
      return { url: new URL(`src/${entry[1] ?? '.'}/index.ts`, root).href, shortCircuit: true };
    }
    const isBare = !/^[./]|^\w+:/.test(specifier) && context.parentURL?.includes('/program-') === true;
    if (!isBare) return next(specifier, context);
    // Node looks for what a CommonJS module requires beside that module, whatever parent it is told here.
    return context.conditions.includes('require')
      ? { url: pathToFileURL(require.resolve(specifier)).href, shortCircuit: true }
      : next(specifier, { ...context, parentURL: root.href });
  },
});
