import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

// Some of Node's globals load their implementation at the first touch: a `Request` its whole `fetch`.
test('a traced call makes Node load nothing', () => {
  const program = `
    import { traceTask } from '${src}/index.ts';
    import { recordSpans } from '${src}/testing/index.ts';
    const spans = recordSpans();
    const task = traceTask(async (...args) => args.length, { flush: 'never' });
    const before = new Set(process.moduleLoadList);
    await task({ order: 1 }, new Date(), new Map(), [1], null, { signal: undefined });
    const loaded = process.moduleLoadList.filter((name) => !before.has(name));
    console.log(JSON.stringify({ loaded, spans: spans.spans.length }));
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual({ loaded: [], spans: 1 });
});
