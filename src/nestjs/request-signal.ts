import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { attempt } from '../platform/report.ts';
import { type NodeResponse, nodeResponse, onResponseEnd } from './response-end.ts';

/** What applications put into the context of their resolvers. */
interface GraphQLContext {
  readonly req?: { readonly res?: unknown };
  readonly res?: unknown;
}

const signals = new WeakMap<NodeResponse, AbortSignal>();

/**
 * Gives a handler an `AbortSignal` that aborts with an `AbortError` when the client disconnects before the response has
 * ended, and never otherwise. Each request has one. Passed on, it stops what listens to it, such as `fetch`, and
 * `@Traced()` methods further down that find it in their arguments end as `aborted`.
 *
 * For HTTP, and for resolvers whose context has the request; elsewhere it never aborts. Needs no module.
 *
 * @example
 * \@Get(':id')
 * find(\@Param('id') id: string, \@RequestSignal() signal: AbortSignal) {
 *   return this.orders.find(id, { signal });
 * }
 */
export const RequestSignal: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => signalOf(responseOf(context)),
);

function signalOf(response: NodeResponse | undefined): AbortSignal {
  if (response === undefined) return new AbortController().signal;
  const known = signals.get(response);
  if (known !== undefined) return known;
  const controller = new AbortController();
  signals.set(response, controller.signal);
  onResponseEnd(response, (end) => {
    if (end === 'left') controller.abort(new DOMException('the client has disconnected', 'AbortError'));
  });
  return controller.signal;
}

function responseOf(context: ExecutionContext): NodeResponse | undefined {
  return attempt('finding the response of a request', () => {
    switch (context.getType<string>()) {
      case 'http':
        return nodeResponse(context.switchToHttp().getResponse());
      case 'graphql': {
        const { req, res } = context.getArgByIndex<GraphQLContext | undefined>(2) ?? {};
        return nodeResponse(res ?? req?.res);
      }
      default:
        return undefined;
    }
  });
}
