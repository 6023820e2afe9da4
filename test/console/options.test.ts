import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type OutputStream, WaterfallSpanExporter } from '../../src/console/index.ts';
import { endedSpan, exported } from './drawing.ts';

beforeEach(() => {
  for (const name of ['NO_COLOR', 'FORCE_COLOR']) vi.stubEnv(name, undefined);
  vi.stubEnv('TERM', 'xterm-256color');
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('where there is no process, as in a browser', () => {
  beforeEach(() => void vi.stubGlobal('process', undefined));
  afterEach(() => void vi.unstubAllGlobals());

  test('a stream has to be given', () => {
    const construct = () => new WaterfallSpanExporter();
    const given = new WaterfallSpanExporter({ stream: { write: () => true } });
    let thrown: unknown;
    try {
      construct();
    } catch (error) {
      thrown = error;
    }
    vi.unstubAllGlobals();
    expect(given).toBeInstanceOf(WaterfallSpanExporter);
    expect(thrown).toEqual(
      new TypeError('new WaterfallSpanExporter(): there is no standard output here; give the option stream'),
    );
  });
});

describe('a wrong option is a TypeError at construction', () => {
  const cases: [unknown, string][] = [
    [{ width: 19 }, "option 'width' is 19; give a whole number of columns, 20 or more"],
    [{ width: 40.5 }, "option 'width' is 40.5; give a whole number of columns, 20 or more"],
    [{ width: Infinity }, "option 'width' is Infinity; give a whole number of columns, 20 or more"],
    [{ width: '80' }, "option 'width' is '80'; give a whole number of columns, 20 or more"],
    [{ color: 'always' }, "option 'color' is 'always'; give a boolean"],
    [{ stream: 'stdout' }, "option 'stream' is 'stdout'; give an object with a method write"],
    [{ stream: null }, "option 'stream' is null; give an object with a method write"],
    [{ stream: {} }, "option 'stream' is an object; give an object with a method write"],
    [{ colour: true }, "there is no option 'colour'; the options are color, stream, width"],
    [null, 'null is not an object of options'],
    [80, '80 is not an object of options'],
  ];
  test.each(cases)('%o', (options, complaint) => {
    expect(() => new WaterfallSpanExporter(options as object)).toThrow(
      new TypeError(`new WaterfallSpanExporter(): ${complaint}`),
    );
  });
});

/** What is written of one span to a stream with these properties. */
async function writtenTo(terminal: Partial<OutputStream>, options: { color?: boolean; width?: number } = {}) {
  let written = '';
  const stream = { ...terminal, write: (text: string) => void (written += text) };
  await exported(new WaterfallSpanExporter({ stream, ...options }), [endedSpan('root')]);
  return written;
}

test.each<[string, Partial<OutputStream>, Record<string, string>, { color?: boolean }, boolean]>([
  ['a terminal', { isTTY: true }, {}, {}, true],
  ['a file or a pipe', {}, {}, {}, false],
  ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, {}, false],
  ['NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, {}, false],
  ['NO_COLOR with any value', { isTTY: true }, { NO_COLOR: 'false' }, {}, false],
  ['an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, {}, true],
  ['FORCE_COLOR', {}, { FORCE_COLOR: '1' }, {}, true],
  ['FORCE_COLOR=0', { isTTY: true }, { FORCE_COLOR: '0' }, {}, false],
  ['FORCE_COLOR=false', { isTTY: true }, { FORCE_COLOR: 'false' }, {}, false],
  ['an empty FORCE_COLOR', {}, { FORCE_COLOR: '' }, {}, false],
  ['both', { isTTY: true }, { NO_COLOR: '1', FORCE_COLOR: '1' }, {}, false],
  ['the option true', {}, { NO_COLOR: '1' }, { color: true }, true],
  ['the option false', { isTTY: true }, { FORCE_COLOR: '1' }, { color: false }, false],
])('colour: %s', async (_what, terminal, env, options, isColoured) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  expect((await writtenTo(terminal, options)).includes('\x1b[')).toBe(isColoured);
});

test.each<[string, Partial<OutputStream>, { width?: number }, number]>([
  ['that of the terminal', { isTTY: true, columns: 43 }, {}, 43],
  ['80 on a terminal that does not know', { isTTY: true, columns: 0 }, {}, 80],
  ['20 at the least', { isTTY: true, columns: 7 }, {}, 20],
  ['100 in a file or a pipe', {}, {}, 100],
  ['the option', { isTTY: true, columns: 43 }, { width: 61 }, 61],
])('width: %s', async (_what, terminal, options, width) => {
  const written = await writtenTo(terminal, { color: false, ...options });
  expect(written.split('\n')[1]).toHaveLength(width);
});

test('a terminal that is resized', async () => {
  const lines: string[] = [];
  const stream = { isTTY: true, columns: 40, write: (text: string) => void lines.push(text.split('\n')[1]!) };
  const exporter = new WaterfallSpanExporter({ stream, color: false });
  await exported(exporter, [endedSpan('root')]);
  stream.columns = 50;
  await exported(exporter, [endedSpan('root')]);
  expect(lines.map((line) => line.length)).toEqual([40, 50]);
});

test('the default is process.stdout', async () => {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((...args) => {
    (args.at(-1) as () => void)();
    return true;
  });
  await exported(new WaterfallSpanExporter({ color: false, width: 20 }), [endedSpan('root')]);
  expect(write.mock.calls.map(([text]) => text)).toEqual(['trace 10000000\nroot  ████████  1 ms\n\n']);
});
