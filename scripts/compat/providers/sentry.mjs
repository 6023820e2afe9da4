// `openTelemetrySpanProcessors` have Sentry take OpenTelemetry's provider in place of one of its own.
import { init } from '@sentry/node';
import { stopSdk } from '../behaviour.mjs';
import { program } from './program.mjs';

/** Whatever is to be sent has arrived. */
const transport = () => ({ send: async () => ({ statusCode: 200 }), flush: async () => true });

await program((processor) => {
  const client = init({
    dsn: 'https://key@sentry.invalid/1',
    tracesSampleRate: 1,
    transport,
    openTelemetrySpanProcessors: [processor],
  });
  return () => stopSdk({ shutdown: () => client.close() });
});
