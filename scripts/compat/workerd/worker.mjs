import { TracerProvider } from '@opentelemetry/sdk-trace';
import { misbehaviour } from '../behaviour.mjs';

export default {
  async fetch(_request, { afterAwait }) {
    const makeProvider = (processor) => new TracerProvider({ spanProcessors: [processor] });
    return Response.json(await misbehaviour(makeProvider, { afterAwait }));
  },
};
