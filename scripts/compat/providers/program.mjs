// The behaviour with an SDK that the host starts and stops by itself.
import { misbehaviour } from '../behaviour.mjs';

/** @param sdk `(processor) => stop` */
export async function program(sdk, options) {
  // A promise that never settles would just end the program, with 0.
  process.exitCode = 1;
  const problems = await misbehaviour(undefined, { sdk, ...options });
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? 'behaves' : 'MISBEHAVES');
  process.exitCode = problems.length === 0 ? 0 : 1;
}
