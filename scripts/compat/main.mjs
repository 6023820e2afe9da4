// The behaviour, as a program: says that it behaves, or fails with what is wrong.
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { misbehaviour } from './behaviour.mjs';

async function main() {
  // Until the end: a program that waits for what never comes just ends.
  process.exitCode = 1;
  const problems = await misbehaviour((processor) => new TracerProvider({ spanProcessors: [processor] }));
  if (problems.length > 0) throw new Error(`misbehaves:\n${problems.join('\n')}`);
  console.log('behaves');
  process.exitCode = 0;
}

void main();
