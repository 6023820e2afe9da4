import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { attempt } from '../platform/report.ts';
import { type Client, clientOfResolver } from './client-of-resolver.ts';
import { nodeResponse, onConnectionClose, onResponseEnd } from './response-end.ts';
import { followResponses } from './response-of-request.ts';

/** By the response, or the connection. */
const signals = new WeakMap<object, AbortSignal>();

/**
 * Gives a handler an `AbortSignal` that aborts with an `AbortError` when the client disconnects before the response has
 * ended, and never otherwise. Each request has one. Passed on, it stops what listens to it, such as `fetch`, and
 * `@Traced()` methods further down that find it in their arguments end as `aborted`.
 *
 * For HTTP, and for resolvers whose context has the request; those of operations that come by WebSocket share one for their
 * connection, and it aborts when that closes. Elsewhere it never aborts. Needs no module.
 *
 * @example
 * \@Controller('orders')
 * class OrdersController {
 *   constructor(private readonly orders: OrdersService) {}
 *
 *   \@Get(':id')
 *   find(\@Param('id') id: string, \@RequestSignal() signal: AbortSignal) {
 *     return this.orders.find(id, { signal });
 *   }
 * }
 */
export const RequestSignal = (): ParameterDecorator => {
  followResponses();
  return signalParameter();
};

const signalParameter = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => requestSignal(context) ?? new AbortController().signal,
);

/** @returns `undefined` where nothing tells of the client */
export function requestSignal(context: ExecutionContext): AbortSignal | undefined {
  const { response, connection } = clientOf(context) ?? {};
  if (response !== undefined)
    return signalOf(response, (left) => onResponseEnd(response, (end) => end === 'left' && left()));
  return connection && signalOf(connection, (left) => onConnectionClose(connection, left));
}

function signalOf(source: object, onLeft: (left: () => void) => void): AbortSignal {
  const known = signals.get(source);
  if (known !== undefined) return known;
  const controller = new AbortController();
  signals.set(source, controller.signal);
  onLeft(() => controller.abort(new DOMException('the client has disconnected', 'AbortError')));
  return controller.signal;
}

function clientOf(context: ExecutionContext): Client | undefined {
  switch (context.getType<string>()) {
    case 'http':
      return attempt('finding the response of a request', () => ({
        response: nodeResponse(context.switchToHttp().getResponse()),
      }));
    case 'graphql':
      return clientOfResolver(context);
    default:
      return undefined;
  }
}
