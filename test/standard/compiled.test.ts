import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

// What the compiler itself makes of standard decorators. It gives a class metadata only where there is a `Symbol.metadata`.

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const POLYFILL = `(Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata');`;
const WRAPPING = 'function (this: unknown, ...args: unknown[]) { return Reflect.apply(method, this, args); }';

const program = (before: string) => `
import { Traced, Untraced } from '${new URL('../../src/index.ts', import.meta.url).href}';
import { recordSpans } from '${new URL('../../src/testing/index.ts', import.meta.url).href}';
${before}
const log = (method: Function) => ${WRAPPING};

@Traced()
class Orders {
  @log @Traced() both() {}
  @log @Untraced() none() {}
  @log @Traced() static both() {}
  @log @Untraced() static none() {}
  @log none2() {}
  @Traced() @log above() {}
  @Untraced() @log static left() {}
}
@Traced()
class Others {
  both() {}
  static both() {}
}

const spans = recordSpans();
const orders = new Orders();
orders.both();
orders.none();
orders.none2();
orders.above();
Orders.both();
Orders.none();
Orders.left();
new Others().both();
Others.both();
console.log(JSON.stringify(spans.spans.map(({ name }) => name)));
`;

function spansOf(source: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'oncespan-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'orders.mts');
  writeFileSync(file, source);
  const options = ['--target', 'es2022', '--module', 'esnext', '--noResolve', '--noCheck'];
  execFileSync(process.execPath, [tsc, file, ...options], { cwd: folder });
  return JSON.parse(execFileSync(process.execPath, [file.replace('.mts', '.mjs')], { encoding: 'utf8' }));
}

test('under a decorator that wraps, with metadata: one span, or none', () => {
  expect(spansOf(program(POLYFILL))).toEqual([
    'Orders.both',
    'Orders.none2',
    'Orders.above',
    'Orders.both',
    'Others.both',
    'Others.both',
  ]);
});

test('without metadata, what stands above the other decorator alone', () => {
  const known = ['Orders.both', 'Orders.both', 'Orders.none', 'Orders.none2', 'Orders.above'];
  expect(spansOf(program(''))).toEqual([
    ...known,
    ...['Orders.both', 'Orders.both', 'Orders.none'],
    ...['Others.both', 'Others.both'],
  ]);
});
