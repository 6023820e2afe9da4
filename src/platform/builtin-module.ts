import { attempt } from './report.ts';

/**
 * One of Node's own modules, where the host has it: Node, Bun, Deno, Workers with `nodejs_compat`. No bundler sees this,
 * so that a file which can do without the module also loads in a browser.
 */
export function builtinModule(name: string): unknown {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return attempt(`process.getBuiltinModule('${name}')`, () => process?.getBuiltinModule?.(name));
}
