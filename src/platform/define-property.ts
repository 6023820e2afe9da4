/**
 * `Reflect.defineProperty` with what the descriptor itself says: whatever stands on `Object.prototype` would have its say, too,
 * and a `get` there makes every descriptor of a value an invalid one.
 */
export function define(target: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
  // To copy one is slow.
  const isClean = !('get' in descriptor || 'set' in descriptor);
  const alone = isClean ? descriptor : ({ __proto__: null, ...descriptor } as PropertyDescriptor);
  return Reflect.defineProperty(target, key, alone);
}
