import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `STANDALONE`: the packages are not bundled, so that the files taken along have to be those that run. */
const standalone = {
  output: 'standalone',
  serverExternalPackages: ['oncespan', '@opentelemetry/api', '@opentelemetry/sdk-trace'],
};

export default {
  distDir: process.env.DIST,
  outputFileTracingRoot: root,
  turbopack: { root },
  ...(process.env.STANDALONE && standalone),
};
