import type { ExecutionContext } from '@nestjs/common';
import type { Attributes } from '@opentelemetry/api';
import { defaultInstance as instance } from '../instance.ts';
import { type Plan, planSource } from '../options/plan.ts';
import { type HttpRequest, methodAttributes, routeOf } from './request-facts.ts';

interface GraphQLInfo {
  readonly operation?: { readonly operation?: string; readonly name?: { readonly value?: string } };
}

const plans = new WeakMap<Function, Map<Function, () => Plan>>();

/** The plan of a handler's spans, in every kind of context: made once, named `OrdersController.place`. */
export function handlerPlan(context: ExecutionContext): Plan {
  const [type, handler] = [context.getClass(), context.getHandler()];
  let plansOfClass = plans.get(type);
  if (plansOfClass === undefined) plans.set(type, (plansOfClass = new Map()));
  let planNow = plansOfClass.get(handler);
  if (planNow === undefined) {
    planNow = planSource(instance, `${type.name}.${handler.name}`, { attributes: handlerAttributes });
    plansOfClass.set(handler, planNow);
  }
  return planNow();
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
        'rpc.method': context.getHandler().name,
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
  const { operation } = context.getArgByIndex<GraphQLInfo | undefined>(3) ?? {};
  const name = operation?.name?.value;
  return {
    ...(operation?.operation !== undefined && { 'graphql.operation.type': operation.operation }),
    ...(name !== undefined && { 'graphql.operation.name': name }),
  };
}
