// Run as a process of its own for one contender: prints what a call of it costs, in relation to the best that people write by
// hand (the tracer at module level, no second async layer), with the same provider.

import { SpanStatusCode, trace } from '@opentelemetry/api';
import { compare } from '../compare.mjs';
import { contenders } from './contenders.mjs';

const { wrap, ended } = await contenders[process.argv[2]]();
const tracer = trace.getTracer('lean');

/** Eight functions of one source, each compiled by itself. */
const eight = (source, scope) =>
  Array.from({ length: 8 }, (_, i) =>
    new Function(...Object.keys(scope), `return ${source} // ${i}`)(...Object.values(scope)),
  );

function fail(span, error) {
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}
const failure = new Error('sold out');
const lean = (async, body) =>
  `() => tracer.startActiveSpan('call', ${async} (span) => {
    try { ${body} } catch (error) { fail(span, error); throw error; } finally { span.end(); }
  })`;

const cases = {
  'async function': ['async', 'return 7;'],
  'async function that rejects': ['async', 'throw failure;'],
  'sync function': ['', 'return 7;'],
  'sync function that throws': ['', 'throw failure;'],
};

const round = (functions) => async (calls) => {
  for (let i = 0; i < calls; i++) {
    try {
      const answer = functions[i % functions.length]();
      if (answer instanceof Promise) await answer;
    } catch {
      // Its own failure.
    }
  }
};

const contests = Object.entries(cases).map(([name, [async, body]]) => {
  const bare = eight(`${async} () => { ${body} }`, { failure });
  return [
    name,
    {
      ours: round(bare.map((fn) => wrap(fn, { isAwaited: async !== '' }))),
      lean: round(eight(lean(async, body), { tracer, fail, failure })),
    },
  ];
});

/** A little of everything, so that nothing that is measured is the only thing that the process does. */
async function everything() {
  for (const [, contestants] of contests) for (const each of Object.values(contestants)) await each(24);
  ended.length = 0;
}

const ratios = {};
for (const [name, contestants] of contests) {
  const measured = await compare({ contestants, calls: 2_000, between: everything });
  ratios[name] = measured.ratios.lean.ratio;
}
process.send(ratios, () => process.exit());
