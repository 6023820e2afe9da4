const row = (name, needs, run) => ({
  name,
  needs: ['@opentelemetry/api', ...needs],
  files: ['providers'],
  run,
});

const WEB = ['@opentelemetry/sdk-trace-web', '@opentelemetry/context-zone', 'zone.js', 'esbuild'];
const bundled = (target) =>
  `esbuild providers/zone.mjs --bundle --target=${target} --log-level=warning --outfile=zone.js && node zone.js`;

export const PROVIDERS = [
  row('NodeSDK', ['@opentelemetry/sdk-node'], 'node providers/node-sdk.mjs'),
  row('Sentry 10, its own provider', ['@sentry/node@10'], 'node providers/sentry-own.mjs'),
  row('Sentry 11, its own provider', ['@sentry/node@11'], 'node providers/sentry-own.mjs'),
  row('Sentry 10, a span processor', ['@sentry/node@10'], 'node providers/sentry.mjs'),
  row('@vercel/otel', ['@vercel/otel'], 'node providers/vercel.mjs'),
  row('WebTracerProvider, zone.js, lowered to ES2016', WEB, bundled('es2016')),
  row('WebTracerProvider, zone.js, native async functions', WEB, bundled('es2022')),
];
