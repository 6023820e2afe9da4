/**
 * `Reflect.defineProperty` with what the descriptor itself says: whatever stands on `Object.prototype` would have its say, too,
 * and a `get` there makes every descriptor of a value an invalid one.
 */
export function define(target: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
  return Reflect.defineProperty(target, key, { __proto__: null, ...descriptor } as PropertyDescriptor);
}
