/** Whether `value` has properties of its own to be looked at; a function is not meant. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
