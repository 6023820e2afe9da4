import { readOptions, refuse } from '../options/check.ts';

/**
 * Where pictures are written: the part of a Node stream that is used. An object with only a `write` will do; a picture
 * then counts as written once that has returned.
 */
export interface OutputStream {
  write(text: string, written?: (error?: Error | null) => void): unknown;
  on?(event: 'error' | 'close', listener: (error?: Error) => void): unknown;
  off?(event: 'error' | 'close', listener: (error?: Error) => void): unknown;
  readonly writable?: boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Where and how the pictures are drawn.
 *
 * @example
 * new WaterfallSpanExporter({ stream: process.stderr, color: true, width: 120 });
 */
export interface WaterfallOptions {
  /**
   * What is written to. Where there is no standard output, as in a browser, it has to be given.
   *
   * @default `process.stdout`
   */
  readonly stream?: OutputStream;
  /**
   * Whether errors, aborts and bars have colours.
   *
   * @default no with `NO_COLOR`; else what `FORCE_COLOR` says (`0` and `false`: no); else yes on a terminal
   */
  readonly color?: boolean;
  /**
   * Columns that no line exceeds, 20 or more.
   *
   * @default those of the terminal, whenever it is resized; else 100
   */
  readonly width?: number;
}

const CODES = { dim: 2, red: 31, yellow: 33, magenta: 35, cyan: 36 };

export type Paint = (text: string, style?: keyof typeof CODES) => string;

/** How a stream is written to. */
export interface Terminal {
  readonly stream: OutputStream;
  readonly paint: Paint;
  /** Asked for every picture: a terminal can be resized. */
  width(): number;
}

interface Process {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
}

const NARROWEST = 20;

const RULES = {
  stream: {
    expected: 'an object with a method write',
    accepts: (value: unknown) => typeof (value as OutputStream | null)?.write === 'function',
  },
  color: { expected: 'a boolean', accepts: (value: unknown) => typeof value === 'boolean' },
  width: {
    expected: `a whole number of columns, ${NARROWEST} or more`,
    accepts: (value: unknown) => Number.isInteger(value) && (value as number) >= NARROWEST,
  },
};

/** @throws TypeError for a wrong option */
export function openTerminal(options: WaterfallOptions): Terminal {
  const { process } = globalThis as unknown as { process?: Partial<Process> };
  const given = readOptions('new WaterfallSpanExporter()', options, RULES, refuse);
  const { stream = process?.stdout ?? noOutput(), width } = given;
  const { color = wantsColor(stream, process?.env ?? {}) } = given;
  return {
    stream,
    paint: (text, style) =>
      color && style !== undefined && text !== '' ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text,
    width: () => width ?? widthOf(stream),
  };
}

function noOutput(): never {
  return refuse('new WaterfallSpanExporter(): there is no standard output here; give the option stream');
}

function wantsColor({ isTTY }: OutputStream, env: Process['env']): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  // People set the first, often tools the second, for the processes that they start.
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return !['0', 'false'].includes(FORCE_COLOR);
  return isTTY === true && TERM !== 'dumb';
}

function widthOf({ isTTY, columns }: OutputStream): number {
  if (isTTY !== true) return 100;
  // A pseudo-terminal that nobody gave a size has 0 columns.
  return Math.max(columns || 80, NARROWEST);
}
