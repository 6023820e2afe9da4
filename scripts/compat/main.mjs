// The behaviour, as a program: prints what is wrong and ends with 1, or that all is well.
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { misbehaviour } from './behaviour.mjs';

async function run() {
  const makeProvider = (processor) => new TracerProvider({ spanProcessors: [processor] });
  const problems = await misbehaviour(makeProvider);
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? 'behaves' : 'MISBEHAVES');
  if (problems.length > 0) throw new Error('misbehaves');
}

void run();
