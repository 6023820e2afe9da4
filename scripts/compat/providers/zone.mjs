// As in a browser: bundled by esbuild, with zone.js in place of what follows a context on Node.
import { ZoneContextManager } from '@opentelemetry/context-zone';
import { WebTracerProvider } from '@opentelemetry/sdk-trace-web';
import { stopSdk } from '../behaviour.mjs';
import { program } from './program.mjs';

// zone.js does not see a native `await`. Where the compiler has lowered them all, this function is none either.
const afterAwait = (async () => {}).constructor.name !== 'AsyncFunction';

void program(
  (processor) => {
    const provider = new WebTracerProvider({ spanProcessors: [processor] });
    provider.register({ contextManager: new ZoneContextManager() });
    return () => stopSdk(provider);
  },
  { afterAwait },
);
