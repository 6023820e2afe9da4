import { type Context, trace } from '@opentelemetry/api';
import { activeContext, callInContext } from '../platform/context.ts';
import { hiddenField } from '../platform/hidden-field.ts';
import { attempt } from '../platform/report.ts';
import { hasLiveSpan } from '../span/parentage.ts';
import { emitInContext } from './emit-in-context.ts';
import { fastifyRouteOf, type HttpRequest, nodeRequest, pathOf } from './request-facts.ts';
import { noteStart, type RequestSpans, untracedOutsideSpans } from './request-parent.ts';
import { isTracing, startRequestSpan } from './request-span.ts';
import { type NodeResponse, nodeResponse } from './response-end.ts';
import { choiceOfPath, isChosen, isEveryChosen, type RouteChoice } from './routes.ts';
import { writeTraceResponse } from './trace-response.ts';

type RequestHook = (request: HttpRequest, response: unknown, done: () => void) => unknown;

/** The part of Nest's HTTP adapters used here: the one hook that runs before everything else. */
interface HookableAdapter {
  onRequestHook?: RequestHook | null;
  setOnRequestHook?(hook: RequestHook | null | undefined): void;
}

export interface RequestOptions extends RouteChoice {
  readonly requests: RequestSpans;
  readonly traceResponseHeader?: boolean;
}

/** The adapters whose requests are traced. */
const hooked = hiddenField<true>();

/**
 * Puts every request of an application in a span, in which all that handles it runs.
 *
 * An adapter has one such hook: the application's own goes on, inside the span, whenever it is set.
 */
export function traceRequests(adapter: object, options: RequestOptions): void {
  // Nothing to do for any of them.
  if (options.requests === false && options.traceResponseHeader !== true) return;
  attempt('looking at the active span', noteStart);
  // Imported twice, the module is there twice.
  if (hooked.get(adapter)) return;
  hooked.set(adapter, true);
  const hookable = adapter as HookableAdapter;
  // One that is not Nest's own need not have any.
  if (typeof hookable.setOnRequestHook !== 'function') return;
  let own = hookable.onRequestHook;
  hookable.setOnRequestHook((request, response, done) => {
    const go = () => (own ? Reflect.apply(own, adapter, [request, response, done]) : done());
    const active = attempt('starting the span of a request', () => begin(request, response, options));
    return active === undefined ? go() : callInContext(active, go, undefined, []);
  });
  hookable.setOnRequestHook = (hook) => void (own = hook);
}

/** @returns the context that the request is to be handled in, if it is another one */
function begin(request: HttpRequest, response: unknown, options: RequestOptions): Context | undefined {
  const node = nodeResponse(response);
  if (node === undefined || isUpgrade(request)) return undefined;
  const choice = choiceOf(request, options);
  if (choice === 'excluded' && options.requests !== false && isTracing()) return untracedOutsideSpans();
  if (choice !== 'chosen') return undefined;
  const active = startRequest(request, node, options);
  if (active === undefined) return undefined;
  for (const emitter of [nodeRequest(request), node])
    attempt('keeping a request in its context', () => emitInContext(active, emitter));
  return active;
}

function startRequest(
  request: HttpRequest,
  response: NodeResponse,
  { requests, traceResponseHeader }: RequestOptions,
): Context | undefined {
  const started = requests === false ? undefined : startRequestSpan(requests, request, response)?.live.active;
  const active = started ?? activeContext();
  const told = hasLiveSpan(active) ? trace.getSpan(active) : undefined;
  if (traceResponseHeader && told !== undefined) writeTraceResponse(response, told);
  return started;
}

/** What becomes a WebSocket is no request with a response: @fastify/websocket has it routed as one all the same. */
function isUpgrade(request: HttpRequest): boolean {
  return nodeRequest(request).upgrade === true;
}

/** Fastify has routed a request by now, Express has not. */
function choiceOf(request: HttpRequest, options: RequestOptions) {
  if (isEveryChosen(options)) return 'chosen';
  const route = fastifyRouteOf(request);
  if (route === undefined) return choiceOfPath(pathOf(nodeRequest(request)), options);
  if (isChosen(route, options)) return 'chosen';
  return isChosen(route, { exclude: options.exclude }) ? 'not chosen' : 'excluded';
}
