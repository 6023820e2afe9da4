import { registerHooks } from 'node:module';

// Lets a program that lies anywhere import this package from its source, and the rest from its dependencies.
const root = new URL('../../', import.meta.url);

registerHooks({
  resolve(specifier, context, next) {
    const entry = /^oncespan(?:\/(\w+))?$/.exec(specifier);
    if (entry !== null) return next(new URL(`src/${entry[1] ?? '.'}/index.ts`, root).href, context);
    const bare = !/^[./]|^\w+:/.test(specifier) && context.parentURL?.includes('/program-') === true;
    return next(specifier, bare ? { ...context, parentURL: root.href } : context);
  },
});
