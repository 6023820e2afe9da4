/**
 * State that all copies of this library in one process share: a module that was evaluated again by hot reload or by a
 * test runner, the ES module beside the CommonJS one, two versions. What is kept there is a contract between versions,
 * written down in docs/hosts.md: a shape that has to change gets a new name.
 */
export function processWide<T>(name: string, make: () => T): T {
  const key = Symbol.for(`oncespan.${name}`);
  const holder = globalThis as unknown as Record<symbol, T | undefined>;
  const state = holder[key] ?? make();
  // A hardened global refuses; then each copy keeps its own.
  Reflect.set(holder, key, state);
  return state;
}
