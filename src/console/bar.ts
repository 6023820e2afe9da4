/** Where something lies on a time axis that begins at 0. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** An interval on an axis of `total`, in exactly `cells` characters: precise to half a cell, and never empty. */
export function drawBar({ start, end }: Interval, total: number, cells: number): string {
  const halves = cells * 2;
  const position = (time: number) => (total > 0 ? Math.round((time / total) * halves) : 0);
  const from = Math.min(position(start), halves - 1);
  const to = Math.max(position(end), from + 1);
  const covers = (half: number) => half >= from && half < to;
  let bar = '';
  for (let half = 0; half < halves; half += 2) {
    if (covers(half)) bar += covers(half + 1) ? '█' : '▌';
    else bar += covers(half + 1) ? '▐' : ' ';
  }
  return bar;
}
