import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Context } from '@opentelemetry/api';
import { Observable, Subscriber, type Subscription, throwError } from 'rxjs';
import { defaultInstance as instance } from '../instance.ts';
import { aBoolean, readOptions, refuse, rule, type Rules } from '../options/check.ts';
import { activeContext, callInContext } from '../platform/context.ts';
import { hiddenField } from '../platform/hidden-field.ts';
import { attempt } from '../platform/report.ts';
import { startTrackedSpan } from '../run-in-span.ts';
import type { TrackedSpan } from '../span/tracked-span.ts';
import { chosenBy } from './express-route.ts';
import { handlerPlan, isResolver, requestOf } from './handler-plan.ts';
import { type HandlerSpan, HttpHandlerSpan, MessageHandlerSpan } from './handler-span.ts';
import { entryOf } from './message-entry.ts';
import { ResolverSpan } from './resolver-span.ts';
import { type NodeResponse, nodeResponse } from './response-end.ts';
import { routeOf } from './request-facts.ts';
import { untracedOutsideSpans } from './request-parent.ts';
import { type RequestSpan, requestSpanOf } from './request-span.ts';
import { isChosen, type RouteChoice } from './routes.ts';
import { writeTraceResponse } from './trace-response.ts';
import { tellRoute } from './upstream-route.ts';

/**
 * Which requests are traced, and what their clients are told. Without a route, such as a message, everything is traced.
 *
 * @example
 * new TracedInterceptor({ include: ['/orders', /^\/v\d+/], exclude: ['/orders/health'], traceResponseHeader: true });
 */
export interface InterceptorOptions extends RouteChoice {
  /**
   * Whether responses carry the header `traceresponse`, by which a client finds the trace of its request.
   * A draft: https://w3c.github.io/trace-context/#traceresponse-header
   *
   * @default `false`
   */
  readonly traceResponseHeader?: boolean;
}

const routes = rule(
  'an array of routes such as "/health", and of regular expressions',
  (value) =>
    Array.isArray(value) && value.every((route) => typeof route === 'string' || route instanceof RegExp),
);

export const INTERCEPTOR_RULES: Rules<InterceptorOptions> = {
  include: routes,
  exclude: routes,
  traceResponseHeader: aBoolean,
};

/**
 * Puts every handler of Nest in a span of the default instance, named `OrdersController.place`: of controllers,
 * microservices, gateways and resolvers. The handler behaves as it would without.
 *
 * An HTTP request's span ends when its response has really ended, whoever writes it and however long that takes; if the
 * connection closes before that, it is `aborted`. An exception that is answered with a status below 500 is no error.
 * Any other span ends with the handler's value, promise or observable.
 *
 * Guards run before interceptors: a request that one refuses never reaches the handler, and makes no span here.
 *
 * @example
 * app.useGlobalInterceptors(new TracedInterceptor());
 */
export class TracedInterceptor implements NestInterceptor {
  readonly #options: InterceptorOptions;

  constructor(options: InterceptorOptions = {}) {
    this.#options = readOptions('new TracedInterceptor()', options, INTERCEPTOR_RULES, refuse);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const active = activeContext();
    // A run that nobody subscribes to does not take place.
    return new Observable((subscriber) => {
      const span = attempt('starting the span of a handler', () => this.#spanOf(context, active, subscriber));
      const isLeftOut = span === 'left out';
      const inside = isLeftOut ? attempt('leaving out a handler', untracedOutsideSpans) : span?.live.active;
      if (inside === undefined) return next.handle().subscribe(subscriber);
      const told = isLeftOut ? subscriber : new ToldSubscriber(subscriber, span!);
      callInContext(inside, () => handled(next).subscribe(told), undefined, []);
      return undefined;
    });
  }

  /** One span for each handled request, however often the interceptor is applied to it. */
  #spanOf(
    context: ExecutionContext,
    active: Context,
    run: Subscription,
  ): HandlerSpan | 'left out' | undefined {
    const known = spans.get(context);
    if (known === UNTRACED) return undefined;
    // Over HTTP, a span ends before its handler has begun when the client is gone already.
    if (known instanceof HttpHandlerSpan || known?.live.ended === false) return known;
    const plan = handlerPlan(context);
    const tracer = instance.tracerFor(plan);
    if (tracer === undefined) {
      // `enabled` is asked once for each run.
      spans.set(context, UNTRACED);
      run.add(() => spans.set(context, undefined));
      return undefined;
    }
    const request = requestOf(context);
    const response = request && nodeResponse(context.getArgByIndex(1));
    const around = response && requestSpanOf(response);
    const route = request && routeOf(request);
    if (around !== undefined) around.handled(route);
    else if (route !== undefined) tellRoute(active, route);
    if (request && !isChosen(chosenBy(request, route), this.#options)) return 'left out';
    const entry = context.getType() === 'rpc' ? entryOf(context, active) : undefined;
    const parent = around?.isLostIn(active) ? around.live.active : (entry?.parent ?? active);
    const live = startTrackedSpan({ instance, plan, tracer, parent }, [context, entry, route]);
    if (live === undefined) return undefined;
    const span =
      attempt('observing a response', () => response && endingWith(response, live, around)) ??
      new (isResolver(context) ? ResolverSpan : MessageHandlerSpan)(live, context);
    spans.set(context, span);
    if (response !== undefined && this.#options.traceResponseHeader) writeTraceResponse(response, live.span);
    return span;
  }
}

function endingWith(response: NodeResponse, live: TrackedSpan, around: RequestSpan | undefined) {
  const span = new HttpHandlerSpan(live, response, around);
  span.endWithResponse();
  return span;
}

/** Tells the span of a handler what its observable tells. As an operator's: who has subscribed is told on the same stack. */
class ToldSubscriber extends Subscriber<unknown> {
  readonly #span: HandlerSpan;

  constructor(destination: Subscriber<unknown>, span: HandlerSpan) {
    super(destination);
    this.#span = span;
  }

  protected override _next(value: unknown): void {
    this.#span.emitted(value);
    super._next(value);
  }

  protected override _error(error: unknown): void {
    this.#span.threw(error);
    super._error(error);
  }

  protected override _complete(): void {
    this.#span.completed();
    super._complete();
  }

  override unsubscribe(): void {
    if (this.closed) return;
    super.unsubscribe();
    this.#span.unsubscribed();
  }
}

/** What a handler does, also where that is to throw before anything can be subscribed to. */
function handled(next: CallHandler): Observable<unknown> {
  try {
    return next.handle();
  } catch (error) {
    return throwError(() => error);
  }
}

/** As long as a run lasts that is not traced. */
const UNTRACED = null;

const spans = hiddenField<HandlerSpan | typeof UNTRACED | undefined>();

/** Whether a handler runs in its span already. */
export function isTraced(context: ExecutionContext): boolean {
  return spans.get(context)?.live.ended === false;
}

Injectable()(TracedInterceptor);
