import type { ExecutionContext } from '@nestjs/common';
import type { Attributes } from '@opentelemetry/api';
import { defaultInstance as instance } from '../instance.ts';
import type { TaskOptions } from '../options/options.ts';
import { type Plan, planSource } from '../options/plan.ts';
import type { MessageEntry } from './message-entry.ts';
import { methodName } from './method-name.ts';
import { type HttpRequest, methodAttributes, routeOf } from './request-facts.ts';
import { requestSignal } from './request-signal.ts';

interface GraphQLInfo {
  readonly operation?: { readonly operation?: string; readonly name?: { readonly value?: string } };
}

/** What the spans of handlers are made from. */
type Given = [context: ExecutionContext, entry: MessageEntry | undefined];

const HANDLER: TaskOptions<Given> = {
  kind: (_context, entry) => entry?.kind,
  attributes: handlerAttributes,
  signal: false,
};

/** A client that leaves makes the span of a resolver `aborted`, and nobody's failure, whatever the work throws because of that. */
const RESOLVER: TaskOptions<Given> = { ...HANDLER, signal: requestSignal, cancellation: 'unset' };

type PlansOfClass = Map<Function, () => Plan>;

const [handlers, resolvers] = [new WeakMap<Function, PlansOfClass>(), new WeakMap<Function, PlansOfClass>()];

/** The plan of a handler's spans, named `OrdersController.place` in every kind of context: made once. */
export function handlerPlan(context: ExecutionContext): Plan {
  const [type, handler] = [context.getClass(), context.getHandler()];
  const plans = isResolver(context) ? resolvers : handlers;
  let plansOfClass = plans.get(type);
  if (plansOfClass === undefined) plans.set(type, (plansOfClass = new Map()));
  let planNow = plansOfClass.get(handler);
  if (planNow === undefined) {
    const options = isResolver(context) ? RESOLVER : HANDLER;
    planNow = planSource(instance, `${type.name}.${methodName(context)}`, options);
    plansOfClass.set(handler, planNow);
  }
  return planNow();
}

export function isResolver(context: ExecutionContext): boolean {
  return context.getType<string>() === 'graphql';
}

/**
 * What the semantic conventions of OpenTelemetry say of a request, as far as it is known before it is handled and is
 * nobody's personal data.
 */
function handlerAttributes(context: ExecutionContext): Attributes | undefined {
  switch (context.getType<string>()) {
    case 'http':
      return httpAttributes(requestOf(context)!);
    case 'rpc':
      return {
        'rpc.system': 'nestjs',
        'rpc.service': context.getClass().name,
        'rpc.method': methodName(context),
      };
    case 'graphql':
      return graphqlAttributes(context);
    default:
      return undefined;
  }
}

/** @returns `undefined` for what is no HTTP request */
export function requestOf(context: ExecutionContext): HttpRequest | undefined {
  return context.getType() === 'http' ? context.getArgByIndex<HttpRequest>(0) : undefined;
}

function httpAttributes(request: HttpRequest): Attributes {
  const route = routeOf(request);
  const attributes = methodAttributes(request.method);
  if (route !== undefined) attributes['http.route'] = route;
  return attributes;
}

function graphqlAttributes(context: ExecutionContext): Attributes {
  const args = context.getArgs<(GraphQLInfo | undefined)[]>();
  // Resolvers of references have no arguments of their own.
  const { operation } = args[args.length === 3 ? 2 : 3] ?? {};
  const name = operation?.name?.value;
  return {
    ...(operation?.operation !== undefined && { 'graphql.operation.type': operation.operation }),
    ...(name !== undefined && { 'graphql.operation.name': name }),
  };
}
