import type { Contender } from '../contender.ts';
import { requestInstrumentations, shutdownSdk, startSdk } from './with-sdk.ts';

const contender: Contender = {
  start(collector, { alone, adapter }) {
    const { NestInstrumentation } = require('@opentelemetry/instrumentation-nestjs-core');
    startSdk(collector, [...(alone ? [] : requestInstrumentations(adapter)), new NestInstrumentation()]);
  },
  inNest: () => ({ imports: [], providers: [] }),
  shutdown: shutdownSdk,
};
export default contender;
