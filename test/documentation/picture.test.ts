import { expect, test } from 'vitest';
import { snippetsOf, textOf } from './snippets.ts';

// `npm run picture` draws them anew.
test.each(['light', 'dark'])(
  'the %s picture of the README has the spans of its first code block',
  (theme) => {
    const { whole } = snippetsOf('README.md')[0]!;
    const expected = whole.slice(whole.indexOf('spans.only('));
    const names = Array.from(expected.matchAll(/(?:name: |^ +)'([\w.]+)'/gm), ([, name]) => name!);
    expect(names.length).toBeGreaterThan(3);
    const drawn = Array.from(
      textOf(`docs/images/trace-${theme}.svg`).matchAll(/>([^<]+)<\/text>/g),
      ([, text]) => text!,
    );
    expect(drawn.filter((text) => names.includes(text))).toEqual(names);
  },
);
