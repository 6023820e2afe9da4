import type { Contender } from '../contender.ts';
import { fastifyInstrumentation, shutdownSdk, startSdk } from './with-sdk.ts';

const contender: Contender = {
  start(collector, { alone, adapter }) {
    const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');
    const automatic = alone ? [] : [getNodeAutoInstrumentations()];
    startSdk(collector, [
      ...automatic,
      ...(!alone && adapter === 'fastify' ? [fastifyInstrumentation()] : []),
    ]);
  },
  inNest() {
    const { CurrentSpan, OpenTelemetryModule, Span } = require('nestjs-otel');
    return {
      imports: [OpenTelemetryModule.forRoot()],
      providers: [],
      traced: Span,
      currentSpan: CurrentSpan,
    };
  },
  shutdown: shutdownSdk,
};
export default contender;
