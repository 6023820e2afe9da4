/** Each unit in nanoseconds, and from how many of them on the next one is used. */
const UNITS = [
  ['ns', 1, 1000],
  ['µs', 1e3, 1000],
  ['ms', 1e6, 1000],
  ['s', 1e9, 60],
  ['min', 60e9, 60],
  ['h', 3600e9, 1e6],
] as const;

/** Nanoseconds for a human, to three digits: `820 µs`, `12.3 ms`, `1.24 s`, `2.08 min`. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0 ms';
  for (const [unit, size, most] of UNITS) {
    const value = Number((nanoseconds / size).toPrecision(3));
    if (value < most) return `${value} ${unit}`;
  }
  return '∞';
}
