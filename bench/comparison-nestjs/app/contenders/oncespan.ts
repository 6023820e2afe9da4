import type { Contender, InNest } from '../contender.ts';
import { shutdownSdk, startSdk } from './with-sdk.ts';

export const inNest = (): InNest => {
  const { Traced } = require('oncespan');
  const { CurrentSpan, TracingModule } = require('oncespan/nestjs');
  const { EXCEPTION_EVENTS: exceptionEvents, CLASSES: classes } = process.env;
  return {
    imports: [
      TracingModule.forRoot({ ...(exceptionEvents && { exceptionEvents }), ...(classes && { classes }) }),
    ],
    providers: [],
    traced: Traced,
    currentSpan: CurrentSpan,
  };
};

const contender: Contender = {
  start: (collector) => startSdk(collector, []),
  inNest,
  shutdown: shutdownSdk,
};
export default contender;
