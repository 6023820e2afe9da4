// The behaviour, as a program: prints what is wrong and fails, or that all is well.
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { misbehaviour } from './behaviour.mjs';

async function main() {
  const problems = await misbehaviour((processor) => new TracerProvider({ spanProcessors: [processor] }));
  if (problems.length > 0) throw new Error(`misbehaves:\n${problems.join('\n')}`);
  console.log('behaves');
}

void main();
