// The two processors that run the scenarios, and what each of them calls things. A scenario `needs` what is in `has`.

import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor } from '../../dist/sdk/index.js';

export const CONTESTANTS = {
  stock: {
    // Its environment variables are read by NodeSDK, on its behalf.
    has: [],
    create: (exporter, { meterProvider, ...options }) =>
      new BatchSpanProcessor({ exporter, selfObsMeterProvider: meterProvider, ...options }),
    // The limit of a flush is an option of the provider's.
    flushWithin: ({ provider }, timeoutMillis) => provider.forceFlush({ timeoutMillis }),
  },
  ours: {
    has: ['a concurrency', 'a limit for the shutdown', 'a signal for a flush', 'environment variables'],
    create: (exporter, options) => new SerialBatchSpanProcessor(exporter, options),
    flushWithin: ({ processor }, timeoutMs) => processor.forceFlush({ timeoutMs }),
  },
};
