import { type Context, createContextKey, propagation, type Span, SpanKind, trace } from '@opentelemetry/api';
import { defaultInstance as instance } from '../instance.ts';
import { planSource } from '../options/plan.ts';
import { activeContext } from '../platform/context.ts';
import { hiddenField } from '../platform/hidden-field.ts';
import { attempt } from '../platform/report.ts';
import { isUntraced, untraced } from '../platform/untraced-context.ts';
import { startTrackedSpan } from '../run-in-span.ts';
import { describeException } from '../span/exception.ts';
import { RETURNED } from '../span/outcome.ts';
import { hasEnded, hasLiveSpan, parentSpanContext } from '../span/parentage.ts';
import { isUnrecorded } from '../span/sdk-span.ts';
import type { TrackedSpan } from '../span/tracked-span.ts';
import { type Failure, HttpSpan } from './http-span.ts';
import { type ExpressEntry, routeOfRequest } from './express-route.ts';
import {
  earlyRouteOf,
  type HttpRequest,
  nodeRequest,
  requestAttributes,
  requestName,
} from './request-facts.ts';
import type { NodeResponse, ResponseEnd } from './response-end.ts';

/**
 * Whether requests get a span of their own: `auto` where nothing around the application has made one, `true` always,
 * `false` never.
 */
export type RequestSpans = 'auto' | boolean;

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
  /** In the context of all that handles the request. */
  readonly #mark: object;
  /** As it came: a middleware may have overridden it. */
  readonly #method: string | undefined;
  #isRouteKnown = false;
  /** Whether the handler failed when its answer was under way. */
  #isCutShort = false;
  readonly #handlers: HttpSpan[] = [];
  #isOver = false;

  constructor(live: TrackedSpan, request: HttpRequest, response: NodeResponse, { parent, mark }: Place) {
    super(live, response);
    this.isLocalRoot = !hasLiveSpan(parent);
    this.#request = request;
    this.#entry = { app: request.app, baseUrl: request.baseUrl };
    this.#mark = mark;
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
    const mark = active.getValue(REQUEST);
    if (mark !== undefined) return mark !== this.#mark;
    const found = trace.getSpan(active);
    // One that records is there on purpose.
    return found === undefined || isUnrecorded(found);
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

const REQUEST = createContextKey('the request that is handled');

/** Where the span of a request starts. */
interface Place {
  readonly parent: Context;
  readonly mark: object;
}

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
  const mark = {};
  const start = { instance, plan, tracer: tracer!, parent: parent.setValue(REQUEST, mark) };
  const live = startTrackedSpan(start, [request, earlyRouteOf(request)]);
  if (live === undefined) return undefined;
  const span = new RequestSpan(live, request, response, { parent, mark });
  spans.set(response, span);
  span.endWithResponse();
  return span;
}

const ofStarts = new WeakSet<Span>();

/**
 * Notes the span that an application is started in: the connections of its server are all in that span's context, for ever,
 * and it does not tell when it ends if it is not sampled.
 */
export function noteStart(): void {
  const span = trace.getSpan(activeContext());
  if (span !== undefined) ofStarts.add(span);
}

function parentOf(mode: RequestSpans, request: HttpRequest): Context | undefined {
  const active = activeContext();
  if (isUntraced(active)) return undefined;
  const around = spanAround(active);
  if (around === undefined) return received(trace.deleteSpan(active), request);
  // Something has read the headers already.
  if (isRemote(around)) return active;
  return mode === true ? active : undefined;
}

/** A tracer that traces nothing makes spans whose contexts are not valid. */
function spanAround(active: Context): Span | undefined {
  const around = parentSpanContext(active) && trace.getSpan(active);
  if (around === undefined || hasEnded(active)) return undefined;
  return ofStarts.has(around) && isUnrecorded(around) ? undefined : around;
}

function isRemote(span: Span): boolean {
  return span.spanContext().isRemote === true;
}

function received(base: Context, request: HttpRequest): Context {
  const { headers } = nodeRequest(request);
  return attempt('reading the headers of a request', () => propagation.extract(base, headers)) ?? base;
}

/**
 * Where a request runs that is not to be traced: what it calls begins no trace, which would be one without a beginning.
 *
 * @returns `undefined` where it can run as it is: inside a span, or with nothing to trace
 */
export function leftOut(): Context | undefined {
  const active = activeContext();
  if (instance.tracerFor(planNow()) === undefined) return undefined;
  const around = spanAround(active);
  return around === undefined || isRemote(around) ? untraced(active) : undefined;
}
