// On which majors of Nest each contender makes the spans that it makes on the one which the tables are of.

import { manifestOf, projectOf } from './projects.mjs';
import { Served } from './served.mjs';
import { arrived, code, names } from './spans.mjs';

const MAJORS = [10, 11, 12];
const REFERENCE = 11;

/** Express 4 and 5 have other layers. */
const isOfNest = ({ scope, attributes }) =>
  !/express|router|connect/.test(scope) && attributes['express.type'] === undefined;

async function spansOn(major, contender, tarball) {
  let served;
  try {
    served = await Served.start(projectOf(contender, major, tarball), contender, {
      flags: major === 12 ? (contender.esmFlags ?? []) : [],
    });
    const { status, spans } = await served.getAnew('/orders/7');
    if (status !== 200) return { failure: `answers ${status}` };
    return { spans: arrived(spans) };
  } catch (error) {
    const line = String(error.message)
      .split('\n')
      .find((each) => /Error/.test(each) && !/^Error: ended/.test(each));
    return { failure: `does not start${line ? `: ${code(line.trim().slice(0, 90))}` : ''}` };
  } finally {
    await served?.stop();
  }
}

/** @returns cells by row and contender */
export async function versionsOf(contenders, tarball) {
  const cells = new Map(['what it says', ...MAJORS].map((row) => [row, new Map()]));
  for (const contender of contenders) {
    const { peerDependencies } = manifestOf(projectOf(contender, REFERENCE, tarball), contender.from);
    const range = contender.nest ?? peerDependencies['@nestjs/core'];
    cells
      .get('what it says')
      .set(contender.key, { said: code(range.trim().replaceAll(/ *\|\| */g, ' or ')), good: undefined });
    const reference = await spansOn(REFERENCE, contender, tarball);
    const own = new Set(reference.spans?.filter(isOfNest).map(({ name }) => name));
    for (const major of MAJORS) {
      const { spans, failure } = await spansOn(major, contender, tarball);
      const missing = [...own].filter((name) => !spans?.some((span) => span.name === name));
      const said =
        failure ??
        (missing.length === 0
          ? 'as on 11'
          : spans.length === 0
            ? 'no span'
            : `only ${names(spans.filter(isOfNest), 4)}`);
      cells.get(major).set(contender.key, { said, good: failure === undefined && missing.length === 0 });
      console.log(`${contender.key}, Nest ${major}: ${said}`);
    }
  }
  return cells;
}
