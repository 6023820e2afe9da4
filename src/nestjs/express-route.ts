import { attempt } from '../platform/report.ts';

/** What is read of a request of Express. */
export interface ExpressRequest {
  readonly app?: Application;
  /** Where the routers and applications around the route are mounted, as it came: no template. */
  readonly baseUrl?: string;
  readonly route?: Route;
}

/** Where a request has come into the application of Nest, which may be mounted in another one. */
export type ExpressEntry = Pick<ExpressRequest, 'app' | 'baseUrl'>;

interface Route {
  readonly path?: unknown;
  readonly methods?: object;
}

interface Application {
  readonly parent?: Application;
  readonly router?: Router;
  /** Express 4, where to read `router` throws. */
  readonly _router?: unknown;
}

interface Router {
  readonly stack?: readonly Layer[];
}

/** What a router asks in turn: https://github.com/pillarjs/router/blob/master/lib/layer.js */
interface Layer {
  readonly route?: Route;
  readonly handle: Router;
  /** Its template. Not there before version 2.3 of the router. */
  readonly rawPath?: unknown;
  readonly slash?: boolean;
  readonly matchers?: readonly Matcher[];
}

type Matcher = (path: string) => false | { readonly path: string; readonly params: object };

/** The template that a handler of Nest was routed by: with that of its application, if that is mounted, and if it is known. */
export function routeOfHandler({ app, baseUrl, route }: ExpressRequest): string | undefined {
  return typeof route?.path === 'string' ? templateOfEntry({ app, baseUrl }, route) + route.path : undefined;
}

/** The template that anything else was routed by. `undefined` where it is not known: a path has no place in the name of a span. */
export function routeOfRequest(
  request: ExpressRequest,
  entry: ExpressEntry,
  statusCode: number | undefined,
): string | undefined {
  const { app, baseUrl = '', route } = request;
  const router = routerOf(entry.app);
  if (typeof route?.path !== 'string' || router === undefined) return undefined;
  const path = baseUrl.slice(entry.baseUrl?.length);
  if (hasRoute(router, route)) {
    const isThere = path === '' && !hasPassed(request, statusCode);
    return isThere ? templateOfEntry(entry, route) + route.path : undefined;
  }
  // A router does not tell an error of its own from a route that it has not.
  if (statusCode === 404) return undefined;
  const mount = templateOfMount(router, { path, route, inner: routersDown(app, entry.app) });
  return mount === undefined ? undefined : templateOfEntry(entry, route) + mount + route.path;
}

/**
 * Whether a route is left on the request that does not answer it: one that has passed it on. Since version 2.3, the router
 * notes which layer has it: https://github.com/pillarjs/router/blob/master/lib/symbols.js
 *
 * @param statusCode `undefined` when the client has left before
 */
function hasPassed(request: ExpressRequest, statusCode: number | undefined): boolean {
  const { path, methods = {} } = request.route!;
  // Where a prefix has exceptions, Nest answers what has no route there by a route for every method.
  if (statusCode === 404 && Object.keys(methods).length > 1) return true;
  // What was thrown has gone on to the layers that handle errors.
  if (statusCode !== undefined && statusCode >= 500) return false;
  const key = Object.getOwnPropertySymbols(request).find(
    ({ description }) => description === 'router.tracing.matchedRoute',
  );
  const matched = key && (request as Record<symbol, unknown>)[key];
  return matched === undefined ? statusCode === 404 : matched !== path;
}

/** Empty where it is not known: an application that is mounted in a router is not told. */
function templateOfEntry({ app, baseUrl }: ExpressEntry, route: Route): string {
  if (!baseUrl) return '';
  const find = () => {
    let top = app;
    while (top?.parent !== undefined) top = top.parent;
    const router = top === app ? undefined : routerOf(top);
    return router && templateOfMount(router, { path: baseUrl, route, inner: routersDown(app!.parent, top) });
  };
  return attempt('reading the routers of Express', find) ?? '';
}

function routerOf(app: Application | undefined): Router | undefined {
  return app?._router === undefined ? app?.router : undefined;
}

/** The routers of the applications from one to another that is mounted in it. */
function routersDown(to: Application | undefined, from: Application | undefined): Router[] {
  const router = to && to !== from && routerOf(to);
  return router ? [...routersDown(to.parent, from), router] : [];
}

/** What is looked for: the template of a path that a route is mounted at. */
interface Sought {
  readonly path: string;
  readonly route: Route;
  /** Of applications in this one: in their places are functions, which do not tell of them. */
  readonly inner: readonly Router[];
}

interface Found {
  readonly template: string;
  /** Whether the route has been found there. */
  readonly isSure: boolean;
}

/** `undefined` also where it could be several. */
function templateOfMount(router: Router, sought: Sought): string | undefined {
  const found = mountsIn(router, sought);
  const sure = found.filter(({ isSure }) => isSure);
  // At the root of all there are functions of every kind.
  const likely = sure.length > 0 || sought.path === '' ? sure : found;
  const [template, ...others] = new Set(likely.map((mount) => mount.template));
  return others.length === 0 ? template : undefined;
}

function mountsIn({ stack = [] }: Router, { path, route, inner }: Sought): Found[] {
  return stack.flatMap((layer) => {
    const mount = layer.route === undefined ? mountOf(layer, path) : undefined;
    if (mount === undefined) return [];
    const rest = path.slice(mount.path.length);
    const isRouter = layer.handle.stack !== undefined;
    if (rest === '' && (!isRouter || hasRoute(layer.handle, route)))
      return [{ template: mount.template, isSure: isRouter }];
    const [below, ...further] = isRouter ? [layer.handle, ...inner] : inner;
    const found = below && mountsIn(below, { path: rest, route, inner: further });
    return found?.map((each) => ({ ...each, template: mount.template + each.template })) ?? [];
  });
}

function hasRoute({ stack = [] }: Router, route: Route): boolean {
  return stack.some((layer) => layer.route === route);
}

function mountOf({ slash, rawPath, matchers = [] }: Layer, path: string) {
  if (slash === true) return { path: '', template: '' };
  for (const [at, matcher] of matchers.entries()) {
    const given: unknown = Array.isArray(rawPath) ? rawPath[at] : rawPath;
    // A regular expression is no template, and may remember where it was.
    if (matcher.name === 'regexpMatcher' || given instanceof RegExp) continue;
    const match = matcher(path);
    if (!match) continue;
    const isPlain = Object.keys(match.params).length === 0;
    // In whatever case it came.
    const template = given ?? (isPlain ? match.path.toLowerCase() : undefined);
    return typeof template === 'string'
      ? { path: match.path, template: template.replace(/\/$/, '') }
      : undefined;
  }
  return undefined;
}
