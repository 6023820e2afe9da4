import type { ExecutionContext } from '@nestjs/common';
import { isObject } from '../platform/is-object.ts';
import { attempt } from '../platform/report.ts';
import { type Connection, type NodeResponse, nodeResponse } from './response-end.ts';
import { responseOf } from './response-of-request.ts';

/** Of Express, which has the response, or of Fastify. */
interface Request {
  readonly res?: unknown;
  readonly raw?: object;
}

/** The request that has opened a WebSocket. */
interface Upgrade {
  readonly headers?: { readonly upgrade?: unknown };
  readonly socket?: Connection;
}

/** What is there for each operation that comes by WebSocket. */
interface Opened {
  readonly request?: Upgrade & Request;
}

/** What drivers and applications put into the context of resolvers: all of it, or some. */
interface ResolverContext extends Opened {
  readonly req?: Request & { readonly extra?: Opened };
  readonly res?: unknown;
  /** Mercurius. */
  readonly reply?: unknown;
  /** graphql-ws. */
  readonly extra?: Opened;
}

/** What ends when a client has left: the response that it waits for, or the connection of its WebSocket. */
export interface Client {
  readonly response?: NodeResponse | undefined;
  readonly connection?: Connection | undefined;
}

export function clientOfResolver(context: ExecutionContext): Client | undefined {
  return attempt('finding the client of a resolver', () => {
    const args = context.getArgs<unknown[]>();
    // Resolvers of references have no arguments of their own.
    const given = args[args.length === 3 ? 1 : 2] as ResolverContext | undefined;
    if (!isObject(given)) return undefined;
    const { req, res, reply, extra } = given;
    const response = [res, req?.res, reply].map(nodeResponse).find((found) => found !== undefined);
    if (response !== undefined) return { response };
    const { request } = req?.extra ?? extra ?? given;
    const opened = (request?.raw ?? request) as Upgrade | undefined;
    if (opened?.headers?.upgrade !== undefined) return { connection: opened.socket };
    const asked = req?.raw ?? req;
    return { response: asked && responseOf(asked) };
  });
}
