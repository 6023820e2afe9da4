import type { Attributes } from '@opentelemetry/api';
import { environmentVariable } from '../platform/environment-variable.ts';
import { type ExpressRequest, routeOfHandler } from './express-route.ts';

/** What is read of a request: of `node:http` and `node:http2`, and what Express and Fastify add. */
export interface HttpRequest extends ExpressRequest {
  readonly method?: string;
  readonly url?: string;
  /** Express: the target as it came, before a router has taken its own path off. */
  readonly originalUrl?: unknown;
  readonly httpVersion?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Whether the server has given its connection away: a header that asks for that is none. */
  readonly upgrade?: boolean;
  readonly socket?: { readonly encrypted?: boolean } | null;
  /** Fastify: an object of twelve fields, made for each look. */
  readonly routeOptions?: { readonly url?: unknown };
  /** Fastify: the request of Node behind its own. */
  readonly raw?: HttpRequest;
}

/** The request of Node behind what an adapter gives a handler. */
export function nodeRequest(request: HttpRequest): HttpRequest {
  // A parser of Express may have put a body there.
  return typeof request.raw?.method === 'string' ? request.raw : request;
}

/** The template that a request of Fastify was routed by, as `/orders/:id`: before anything hears of the request. */
export function fastifyRouteOf({ routeOptions }: HttpRequest): string | undefined {
  const url = routeOptions?.url;
  return typeof url === 'string' ? url : undefined;
}

/** The template that a request was routed by, once a handler of Nest has it. */
export function routeOf(request: HttpRequest): string | undefined {
  return fastifyRouteOf(request) ?? routeOfHandler(request);
}

/** The path alone: what stands in a query is nobody's business. */
export function pathOf({ originalUrl, url = '/' }: HttpRequest): string {
  const target = typeof originalUrl === 'string' ? originalUrl : url;
  const path = target.replace(/[?#].*$/s, '');
  // The target of a request that was meant for a proxy is a whole URL.
  return path.startsWith('/') || !URL.canParse(path) ? path : new URL(path).pathname;
}

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/#common-attributes, note 1 */
const KNOWN_METHODS = 'CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,QUERY,TRACE';
const knownMethods = new Set(
  (environmentVariable('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS') ?? KNOWN_METHODS).split(/\s*,\s*/),
);

/** The name of a request's span: a method that anybody can make up is in none. */
export function requestName(method: string | undefined, route: string | undefined): string {
  const known = method !== undefined && knownMethods.has(method) ? method : 'HTTP';
  return route === undefined ? known : `${known} ${route}`;
}

/**
 * What the semantic conventions of OpenTelemetry (1.44) say of a request before it is handled, but for what tells of the
 * person: the query, and the client's address.
 */
export function requestAttributes(request: HttpRequest): Attributes {
  const { method, httpVersion, headers = {}, socket } = request;
  const authority = original('host', headers) ?? headers[':authority'] ?? headers['host'];
  const scheme = original('proto', headers)?.toLowerCase();
  const agent = headers['user-agent'];
  // Keys behind a spread would be dear: see `startTrackedSpan`.
  return Object.assign(methodAttributes(method), {
    'url.path': pathOf(request),
    // Anybody can name any.
    'url.scheme': scheme === 'http' || scheme === 'https' ? scheme : schemeOf(socket),
    ...(typeof httpVersion === 'string' && { 'network.protocol.version': httpVersion.replace(/\.0$/, '') }),
    ...(typeof authority === 'string' && serverAttributes(authority)),
    ...(typeof agent === 'string' && { 'user_agent.original': agent }),
  });
}

function schemeOf(socket: HttpRequest['socket']): string {
  return socket?.encrypted === true ? 'https' : 'http';
}

/** Of the first proxy, whose values can be quoted: https://www.rfc-editor.org/rfc/rfc7239#section-4 */
const forwardedPair = (key: string) =>
  new RegExp(`^(?:(?:[^",]|"(?:[^"\\\\]|\\\\.)*")*;)?\\s*${key}=(?:"([^"\\\\]*)"|([^",;\\s]*))`, 'i');
const FORWARDED = { host: forwardedPair('host'), proto: forwardedPair('proto') };

/** What a proxy says of the request as its client made it: the first of them, if there are several. */
function original(
  of: keyof typeof FORWARDED,
  headers: NonNullable<HttpRequest['headers']>,
): string | undefined {
  const { forwarded, [`x-forwarded-${of}`]: older } = headers;
  const [, quoted, plain] = (typeof forwarded === 'string' && FORWARDED[of].exec(forwarded)) || [];
  const first = typeof older === 'string' ? older.split(',', 1)[0]!.trim() : '';
  return (quoted ?? plain) || first || undefined;
}

/** The attribute of the method, which everybody may search by. */
export function methodAttributes(method: string | undefined): Attributes {
  if (method === undefined) return {};
  if (knownMethods.has(method)) return { 'http.request.method': method };
  return { 'http.request.method': '_OTHER', 'http.request.method_original': method };
}

function serverAttributes(authority: string): Attributes {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const address = bracketed ?? plain;
  return {
    ...(address !== undefined && address !== '' && { 'server.address': address }),
    ...(Number(port) <= 65_535 && { 'server.port': Number(port) }),
  };
}
