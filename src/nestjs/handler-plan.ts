import type { ExecutionContext } from '@nestjs/common';
import type { Attributes } from '@opentelemetry/api';
import { defaultInstance as instance } from '../instance.ts';
import type { TaskOptions } from '../options/options.ts';
import { type Plan, planSource } from '../options/plan.ts';
import { attempt } from '../platform/report.ts';
import type { MessageEntry } from './message-entry.ts';
import { methodName } from './method-name.ts';
import { type HttpRequest, methodAttributes } from './request-facts.ts';
import { requestSignal } from './request-signal.ts';

interface GraphQLInfo {
  readonly operation?: { readonly operation?: string; readonly name?: { readonly value?: string } };
}

/** What the spans of handlers are made from. */
type Given = [context: ExecutionContext, entry: MessageEntry | undefined, route: string | undefined];

/** Handlers in one kind of context. */
interface HandlerKind {
  readonly options: TaskOptions<Given>;
  readonly plans: WeakMap<Function, Map<Function, () => Plan>>;
}

const handlerKind = (options: TaskOptions<Given>): HandlerKind => ({
  options: { signal: false, ...options },
  plans: new WeakMap(),
});

const kinds = new Map([
  ['http', handlerKind({ attributes: httpAttributes })],
  ['rpc', handlerKind({ kind: (_context, entry) => entry?.kind, attributes: rpcAttributes })],
  // A client that leaves makes the span of a resolver `aborted`, and nobody's failure, whatever the work throws because of that.
  ['graphql', handlerKind({ attributes: graphqlAttributes, signal: requestSignal, cancellation: 'unset' })],
]);
const otherKind = handlerKind({});

/** The plan of a handler's spans, named `OrdersController.place` in every kind of context: made once. */
export function handlerPlan(context: ExecutionContext): Plan {
  const type = context.getClass();
  const handler = context.getHandler();
  const { options, plans } = kinds.get(context.getType()) ?? otherKind;
  let plansOfClass = plans.get(type);
  if (plansOfClass === undefined) plans.set(type, (plansOfClass = new Map()));
  let planNow = plansOfClass.get(handler);
  if (planNow === undefined) {
    planNow = planSource(instance, `${type.name}.${methodName(context)}`, options);
    plansOfClass.set(handler, planNow);
  }
  return planNow();
}

export function isResolver(context: ExecutionContext): boolean {
  return context.getType<string>() === 'graphql';
}

/** @returns `undefined` for what is no HTTP request */
export function requestOf(context: ExecutionContext): HttpRequest | undefined {
  return context.getType() === 'http' ? context.getArgByIndex<HttpRequest>(0) : undefined;
}

// What the semantic conventions of OpenTelemetry say, as far as it is known before the handler runs and is nobody's
// personal data.

function httpAttributes(context: ExecutionContext, _entry: unknown, route: string | undefined): Attributes {
  const attributes = methodAttributes(requestOf(context)!.method);
  if (route !== undefined) attributes['http.route'] = route;
  return attributes;
}

function rpcAttributes(context: ExecutionContext): Attributes {
  return {
    'rpc.system': 'nestjs',
    'rpc.service': context.getClass().name,
    'rpc.method': methodName(context),
  };
}

function operationOf(context: ExecutionContext): GraphQLInfo['operation'] {
  const args = context.getArgs<(GraphQLInfo | undefined)[]>();
  // Resolvers of references have no arguments of their own.
  return args[args.length === 3 ? 2 : 3]?.operation;
}

/** Whether what a resolver returns is iterated. */
export function isSubscription(context: ExecutionContext): boolean {
  const read = () => operationOf(context)?.operation === 'subscription';
  return attempt('reading an operation', read) === true;
}

function graphqlAttributes(context: ExecutionContext): Attributes {
  const operation = operationOf(context);
  const name = operation?.name?.value;
  return {
    ...(operation?.operation !== undefined && { 'graphql.operation.type': operation.operation }),
    ...(name !== undefined && { 'graphql.operation.name': name }),
  };
}
