/** Nobody reads more of a name or a message in one line, and somebody may put a megabyte into it. */
const LONGEST = 1000;

/** What a terminal takes for colours, cursor movements, titles and links. */
// oxlint-disable-next-line no-control-regex
const ESCAPE_SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g;
/** Invisible formatting, the direction overrides among it; the joiners of emoji and Persian words stay. */
const INVISIBLE = /(?![\u200c\u200d])\p{Cf}/gu;
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/gu;

/** Text from the application as one line that cannot control the terminal. */
export function plainText(raw: string): string {
  const clipped = raw.length > LONGEST ? `${raw.slice(0, LONGEST)}…` : raw;
  return clipped
    .replace(ESCAPE_SEQUENCES, '')
    .replace(/\s+/g, ' ')
    .replace(INVISIBLE, '')
    .replace(UNPRINTABLE, '�')
    .trim();
}

const ASCII = /^[\x20-\x7e]*$/;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
/** East Asian Width `W` and `F` (https://www.unicode.org/reports/tr11/), apart from emoji. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]$/u;
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Regional_Indicator}{2}/u;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The cells of a grapheme: joined emoji are one, as in today's terminals; an ambiguous width counts as narrow. */
function cellsOf(grapheme: string): number {
  if (EMOJI.test(grapheme)) return 2;
  let cells = 0;
  for (const character of grapheme) {
    if (!ZERO_WIDTH.test(character)) cells += WIDE.test(character) ? 2 : 1;
  }
  return cells;
}

/** How many cells of a terminal a plain text takes. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const { segment } of segmenter.segment(text)) cells += cellsOf(segment);
  return cells;
}

/** The beginning of a plain text, with `…` at its end if it does not fit into `cells`, of which there is at least one. */
export function truncate(text: string, cells: number): string {
  if (textWidth(text) <= cells) return text;
  let kept = '';
  let left = cells - 1;
  for (const { segment } of segmenter.segment(text)) {
    left -= cellsOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}
