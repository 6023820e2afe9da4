// A process that serves the applications named in its arguments, as `around/adapter`, and says by message what it has used of the CPU.

import { createRequire } from 'node:module';
import { registerSdk } from './sdk.mjs';

registerSdk();
const names = process.argv.slice(2);

if (process.env.INSTRUMENTED === '1') {
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  new HttpInstrumentation().enable();
  // What it wraps is wrapped when it is required.
  createRequire(import.meta.url)('http');
}
const { serve } = await import('./application.mjs');

const ports = {};
for (const name of names) ports[name] = await serve(...name.split('/'));

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ microseconds: user + system });
});
process.send({ ports });
