import { trace } from '@opentelemetry/api';
import { registerOTel } from '@vercel/otel';
import { stopSdk } from '../behaviour.mjs';
import { program } from './program.mjs';

await program((processor) => {
  registerOTel({ serviceName: 'orders', spanProcessors: [processor] });
  // It gives nothing back to shut down.
  const provider = trace.getTracerProvider().getDelegate();
  return () => stopSdk(provider);
});
