import { subscribe } from 'node:diagnostics_channel';
import { hiddenField } from '../platform/hidden-field.ts';
import { type NodeResponse, nodeResponse } from './response-end.ts';

interface Exchange {
  readonly request: object;
  readonly response: unknown;
}

const responses = hiddenField<NodeResponse>();
let follows = false;

/** From now on the response to a request can be told. Adapters give it along with the request; Apollo on Fastify does not. */
export function followResponses(): void {
  if (follows) return;
  follows = true;
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as Exchange;
    const found = nodeResponse(response);
    if (found !== undefined) responses.set(request, found);
  });
}

export function responseOf(request: object): NodeResponse | undefined {
  return responses.get(request);
}
