import type { Contender } from '../contender.ts';
import { shutdownSdk, startSdk } from './with-sdk.ts';

let sdk: { shutdown(): Promise<void> } | undefined;

const contender: Contender = {
  start(collector, { alone }) {
    // Its own function has the instrumentations whatever it is given.
    if (alone) return startSdk(collector, []);
    process.env.OTEL_METRICS_EXPORTER ??= 'none';
    process.env.OTEL_LOGS_EXPORTER ??= 'none';
    const { startNestJsOpenTelemetrySDK } = require('@amplication/opentelemetry-nestjs');
    sdk = startNestJsOpenTelemetrySDK({ spanProcessors: [collector] });
  },
  inNest() {
    const { OpenTelemetryModule, Span } = require('@amplication/opentelemetry-nestjs');
    return { imports: [OpenTelemetryModule.forRoot()], providers: [], traced: Span };
  },
  shutdown: async () => (sdk ? sdk.shutdown() : shutdownSdk()),
};
export default contender;
