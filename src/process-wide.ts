/**
 * State that all copies of this library in one process share: a module that was evaluated again by hot reload, and
 * duplicate packages. What is kept there is a contract between versions.
 */
export function processWide<T>(name: string, make: () => T): T {
  const holder = globalThis as unknown as Record<symbol, T | undefined>;
  return (holder[Symbol.for(`oncespan.${name}`)] ??= make());
}
