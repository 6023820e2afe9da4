/** What TypeScript makes of legacy decorators: on a class, a method of a prototype, or a parameter of a constructor. */
export function decorate(decorators, target, key, index) {
  const descriptor = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
  for (const decorator of decorators.toReversed()) {
    if (index === undefined) decorator(target, key, descriptor);
    else decorator(target, key, index);
  }
  if (descriptor !== undefined) Object.defineProperty(target, key, descriptor);
}
