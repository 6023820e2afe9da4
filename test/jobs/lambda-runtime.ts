// Lambda's runtime, as far as a handler sees it: loads it, hands it one event after the other, and says what it has answered.
// `lambda-runtime.ts <file> <export>`

import type { Answer, Invocation } from './lambda-function.ts';

const [file, name] = process.argv.slice(2);
const { [name!]: handler } = (await import(file!)) as Record<
  string,
  (event: object, context: object) => unknown
>;
const send = (message: Answer | 'ready') => void process.send!(message);

process.on('message', async ({ event, deadline, ...context }: Invocation) => {
  const getRemainingTimeInMillis = () => deadline - Date.now();
  try {
    send({ result: await handler!(event, { ...context, getRemainingTimeInMillis }) });
  } catch (error) {
    send({ error: String(error) });
  }
});
send('ready');
