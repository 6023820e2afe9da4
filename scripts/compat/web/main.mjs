// As main.mjs, for a host that follows a context to where the call returns.
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { misbehaviour } from '../behaviour.mjs';

async function run() {
  const makeProvider = (processor) => new TracerProvider({ spanProcessors: [processor] });
  const problems = await misbehaviour(makeProvider, { afterAwait: false });
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? 'behaves' : 'MISBEHAVES');
  if (problems.length > 0) throw new Error('misbehaves');
}

void run();
