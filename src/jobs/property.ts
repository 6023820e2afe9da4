/** Reads from something that may be anything: nothing here throws. */
function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

export function property(of: unknown, key: string): unknown {
  return tried(() => (of as Record<string, unknown> | null | undefined)?.[key]);
}

/** @returns `undefined` for what is no array */
export function elementsOf(value: unknown): readonly unknown[] | undefined {
  return tried(() => (Array.isArray(value) ? Array.from<unknown>(value) : undefined));
}

export function textIn(of: unknown, key: string): string | undefined {
  const value = property(of, key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberIn(of: unknown, key: string): number | undefined {
  const value = property(of, key);
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
