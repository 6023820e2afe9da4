import type { ExecutionContext } from '@nestjs/common';
import type { Attributes } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import { methodName } from './method-name.ts';

interface HttpRequest {
  readonly method?: string;
  /** Express. */
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
  /** Fastify. */
  readonly routeOptions?: { readonly url?: unknown };
}

interface GraphQLInfo {
  readonly operation?: { readonly operation?: string; readonly name?: { readonly value?: string } };
}

/** `OrdersController.place`, in every kind of context. */
export function handlerName(context: ExecutionContext): string {
  return `${context.getClass().name}.${methodName(context)}`;
}

/** The template that a request was routed by, as `/orders/:id`, where the adapter tells. */
export function routeOf(context: ExecutionContext): string | undefined {
  if (context.getType() !== 'http') return undefined;
  const { baseUrl = '', route, routeOptions } = context.switchToHttp().getRequest<HttpRequest>();
  if (typeof route?.path === 'string') return baseUrl + route.path;
  return typeof routeOptions?.url === 'string' ? routeOptions.url : undefined;
}

/**
 * What the semantic conventions of OpenTelemetry say of a request, as far as it is known before it is handled and is
 * nobody's personal data.
 */
export function requestAttributes(context: ExecutionContext): Attributes | undefined {
  return attempt('reading the attributes of a request', () => {
    switch (context.getType<string>()) {
      case 'http':
        return httpAttributes(context);
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
  });
}

function httpAttributes(context: ExecutionContext): Attributes {
  const { method } = context.switchToHttp().getRequest<HttpRequest>();
  const route = routeOf(context);
  return {
    ...(method !== undefined && { 'http.request.method': method }),
    ...(route !== undefined && { 'http.route': route }),
  };
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
