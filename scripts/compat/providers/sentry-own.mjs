// Sentry as most have it: spans of its own, which know no processor. What it says of each as it ends is compared.
import { init, spanToJSON } from '@sentry/node';
import { stopSdk } from '../behaviour.mjs';
import { program } from './program.mjs';

/** Whatever is to be sent has arrived. */
const transport = () => ({ send: async () => ({ statusCode: 200 }), flush: async () => true });
const UNSET = 0;
const ERROR = 2;

await program((processor) => {
  const client = init({
    dsn: 'https://key@sentry.invalid/1',
    tracesSampleRate: 1,
    transport,
    // Sentry 11 registers no provider unless it is told to, and 10 always does.
    enableOpenTelemetrySetup: true,
  });
  client.on('spanEnd', (span) => {
    // The names of Sentry 11, and what 10 calls the same.
    const { parent_span_id: spanId, status, ...json } = spanToJSON(span);
    processor.onEnd({
      name: json.name ?? json.description,
      // Sentry calls every span without an error `ok`.
      status: { code: status === 'ok' ? UNSET : ERROR },
      attributes: json.attributes ?? json.data,
      parentSpanContext: spanId && { spanId },
      spanContext: () => span.spanContext(),
    });
  });
  return async () => {
    await stopSdk({ shutdown: () => client.close() });
    await processor.shutdown();
  };
});
