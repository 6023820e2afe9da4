import { type Context, createContextKey, SpanKind, trace } from '@opentelemetry/api';
import { defaultInstance as instance } from '../instance.ts';
import { planSource } from '../options/plan.ts';
import { hiddenField } from '../platform/hidden-field.ts';
import { attempt } from '../platform/report.ts';
import { startTrackedSpan } from '../run-in-span.ts';
import { describeException } from '../span/exception.ts';
import { RETURNED } from '../span/outcome.ts';
import { hasLiveSpan } from '../span/parentage.ts';
import { isUnrecorded } from '../span/sdk-span.ts';
import type { TrackedSpan } from '../span/tracked-span.ts';
import { type ExpressEntry, routeOfRequest } from './express-route.ts';
import { type Failure, HttpSpan } from './http-span.ts';
import {
  fastifyRouteOf,
  type HttpRequest,
  nodeRequest,
  requestAttributes,
  requestName,
} from './request-facts.ts';
import { parentOf, type RequestSpans } from './request-parent.ts';
import type { NodeResponse, ResponseEnd } from './response-end.ts';

const planNow = planSource(instance, 'HTTP', {
  name: nameOf,
  kind: SpanKind.SERVER,
  attributes: (request: HttpRequest, route: string | undefined) => ({
    ...requestAttributes(nodeRequest(request)),
    ...routeAttribute(route),
  }),
});

/** The span of a whole request: of middleware, guards and filters, too. */
export class RequestSpan extends HttpSpan {
  /** Whether nothing around the application has made a span. */
  readonly isLocalRoot: boolean;
  readonly #request: HttpRequest;
  readonly #entry: ExpressEntry;
  /** As it came: a middleware may have overridden it. */
  readonly #method: string | undefined;
  #isRouteKnown = false;
  /** Whether the handler failed when its answer was under way. */
  #isCutShort = false;
  readonly #handlers: HttpSpan[] = [];
  #isOver = false;

  constructor(live: TrackedSpan, request: HttpRequest, response: NodeResponse, parent: Context) {
    super(live, response);
    this.isLocalRoot = !hasLiveSpan(parent);
    this.#request = request;
    this.#entry = { app: request.app, baseUrl: request.baseUrl };
    this.#method = nodeRequest(request).method;
  }

  protected override get takesLateWrites(): boolean {
    return this.isLocalRoot;
  }

  /** @returns whether the span of a handler ends with this one, and before it: the response is listened to once. */
  takes(handler: HttpSpan): boolean {
    if (!this.#isOver) this.#handlers.push(handler);
    return !this.#isOver;
  }

  override responseEnded(end: ResponseEnd): void {
    this.#isOver = true;
    for (const handler of this.#handlers.splice(0).toReversed())
      attempt('telling of the end of a response', () => handler.responseEnded(end));
    super.responseEnded(end);
  }

  /**
   * A handler takes the request over: now the route is known.
   *
   * @param route `undefined` when there is none. Express leaves that of a middleware on such a request
   */
  handled(route: string | undefined): void {
    this.#isRouteKnown = true;
    this.#writeRoute(route);
  }

  /**
   * Whether a middleware has lost the request: what goes on in a callback of a connection pool, for one, may find itself in the
   * context of the request that has opened the connection.
   */
  isLostIn(active: Context): boolean {
    const found = trace.getSpan(active);
    if (found === undefined) return true;
    const mark = active.getValue(REQUEST);
    // One that records outside all requests is there on purpose.
    return mark === undefined ? isUnrecorded(found) : mark !== this.live.active.getValue(REQUEST);
  }

  /** @param failure `undefined` when it was made good */
  handlerFailed(failure: Failure | undefined): void {
    this.failure = failure;
    this.#isCutShort = this.response.headersSent;
  }

  /** The error is recorded where it was thrown; here stands what became of the request. */
  protected override endAsFailed(error: unknown, sent: number | undefined): void {
    const { statusCode } = this.response;
    const { plan } = this.live;
    // What was answered after it, a filter has made of it.
    const isAnswered = sent !== undefined && !this.#isCutShort;
    if (statusCode < 500 && (isAnswered || plan.ignores(error))) return;
    this.writeFailure(statusCode < 500 ? describeException(error, plan).type : String(statusCode));
    this.live.settle(RETURNED);
  }

  protected override writeEnd(statusCode: number | undefined): void {
    super.writeEnd(statusCode);
    if (!this.#isRouteKnown) this.#writeRoute(routeOfRequest(this.#request, this.#entry, statusCode));
  }

  #writeRoute(route: string | undefined): void {
    if (route === undefined || !this.isWritable) return;
    attempt('span.updateName()', () => this.live.span.updateName(requestName(this.#method, route)));
    this.setAttribute('http.route', route);
  }
}

function nameOf(request: HttpRequest, route: string | undefined): string {
  return requestName(nodeRequest(request).method, route);
}

function routeAttribute(route: string | undefined) {
  return route !== undefined && { 'http.route': route };
}

export function isTracing(): boolean {
  return instance.tracerFor(planNow()) !== undefined;
}

const REQUEST = createContextKey('the request that is handled');

const spans = hiddenField<RequestSpan>();

/** @returns the span that a request got from {@link startRequestSpan} */
export function requestSpanOf(response: NodeResponse): RequestSpan | undefined {
  return spans.get(response);
}

/**
 * Starts the span of a request, as a child of what its headers tell of.
 *
 * @returns `undefined` where it is to have none
 */
export function startRequestSpan(
  mode: RequestSpans,
  request: HttpRequest,
  response: NodeResponse,
): RequestSpan | undefined {
  const plan = planNow();
  const tracer = instance.tracerFor(plan);
  const parent = tracer && parentOf(mode, request);
  if (parent === undefined || spans.get(response) !== undefined) return undefined;
  // A mark of its own, and not the response: a pool keeps the context that it was filled in.
  const start = { instance, plan, tracer: tracer!, parent: parent.setValue(REQUEST, {}) };
  const live = startTrackedSpan(start, [request, fastifyRouteOf(request)]);
  if (live === undefined) return undefined;
  const span = new RequestSpan(live, request, response, parent);
  spans.set(response, span);
  span.endWithResponse();
  return span;
}
