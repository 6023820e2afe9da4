import type { Contender } from '../contender.ts';
import { inNest } from './oncespan.ts';
import { shutdownSdk, startSdk } from './with-sdk.ts';

const contender: Contender = {
  start(collector, { alone }) {
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
    startSdk(collector, alone ? [] : [new HttpInstrumentation()]);
  },
  inNest,
  shutdown: shutdownSdk,
};
export default contender;
