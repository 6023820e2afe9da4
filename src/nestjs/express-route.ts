/** What is read of a request of Express. */
export interface ExpressRequest {
  readonly app?: Application;
  /** Where the routers and applications around the route are mounted, as it came: no template. */
  readonly baseUrl?: unknown;
  readonly route?: Route;
}

interface Route {
  readonly path?: unknown;
  readonly methods?: object;
}

/** Where a request has come into the application of Nest, which may be mounted in another one. */
export type ExpressEntry = Pick<ExpressRequest, 'app' | 'baseUrl'>;

interface Application {
  readonly parent?: Application;
  readonly router?: Router;
  /** Express 4, where to read `router` throws. */
  readonly _router?: unknown;
}

interface Router {
  readonly stack?: readonly Layer[];
}

/** What a router asks in turn. Version 2.3 tells its template: https://github.com/pillarjs/router/blob/master/lib/layer.js */
interface Layer {
  readonly route?: Route;
  readonly handle?: Router;
  readonly rawPath?: unknown;
}

/** The template that a handler of Nest was routed by: with the path that its application is mounted at, if that is plain. */
export function routeOfHandler(request: ExpressRequest): string | undefined {
  const path = request.route?.path;
  return typeof path === 'string' ? templateOfEntry(request) + path : undefined;
}

/** What a route of a handler is chosen by: where the path that its application is mounted at is not in it, with that as it came. */
export function chosenBy(request: ExpressRequest, route: string | undefined): string | undefined {
  return route !== undefined && route === request.route?.path ? mountOf(request) + route : route;
}

/**
 * The template that anything else was routed by. `undefined` where that is not certain: a path has no place in the name of a
 * span, nor has a route that somebody else has answered after.
 *
 * @param statusCode `undefined` when the client has left before the end
 */
export function routeOfRequest(
  request: ExpressRequest,
  entry: ExpressEntry,
  statusCode: number | undefined,
): string | undefined {
  const { path, methods } = request.route ?? {};
  if (typeof path !== 'string' || path === '') return undefined;
  const isThere = isAsked(request, path);
  if (isThere === false) return undefined;
  const [from, at] = [mountOf(entry), mountOf(request)];
  // The router notes that for every function without a path, too: also after a router that has failed.
  if (path === '/' && at === from && !hasRoute(routerOf(entry.app), request.route)) return undefined;
  // Nest answers what has no route in a router of its own, or by a route for every method.
  const isNobodys = at !== from || isThere === undefined || Object.keys(methods ?? {}).length > 1;
  if (statusCode === 404 && isNobodys) return undefined;
  if (at === from) return templateOfEntry(entry) + path;
  const mount = isThere && templateOfMount(entry.app, at.slice(from.length), request.route);
  return mount === undefined ? undefined : templateOfEntry(entry) + mount + path;
}

/**
 * Whether a route is the one that has the request, and not left there by what has passed it on. Version 2.3 of the router notes
 * the template of the layer that it asks: https://github.com/pillarjs/router/blob/master/lib/symbols.js
 *
 * @returns `undefined` before that version
 */
function isAsked(request: ExpressRequest, path: string): boolean | undefined {
  // Each copy of the router has a symbol of its own.
  const notes = Object.getOwnPropertySymbols(request).filter(
    ({ description }) => description === 'router.tracing.matchedRoute',
  );
  if (notes.length === 0) return undefined;
  return notes.some((note) => (request as Record<symbol, unknown>)[note] === path);
}

/** Empty where it is not certain: an application that is mounted in a router is not told. */
function templateOfEntry(entry: ExpressEntry): string {
  const mount = mountOf(entry);
  return mount === '' ? '' : (templateOfMount(entry.app?.parent, mount, undefined) ?? '');
}

function mountOf({ baseUrl }: ExpressEntry): string {
  return typeof baseUrl === 'string' ? baseUrl : '';
}

/**
 * The template of a path in an application that something is mounted at. With parameters, it is that of the router which has the
 * route; without, somebody has written it, whatever is there.
 */
function templateOfMount(
  app: Application | undefined,
  path: string,
  route: Route | undefined,
): string | undefined {
  const fitting = stackOf(routerOf(app))
    .filter((layer) => layer.route === undefined)
    .flatMap(({ handle, rawPath }) =>
      [rawPath]
        .flat()
        .filter((given) => typeof given === 'string')
        .map((given) => ({ handle, template: given.replace(/\/$/, '') })),
    )
    .filter(({ template }) => fits(path, template));
  const isItsRouter = ({ handle }: Layer) => hasRoute(handle, route);
  const found = fitting.find(isItsRouter) ?? fitting.find(({ template }) => !template.includes(':'));
  return found?.template;
}

function routerOf(app: Application | undefined): Router | undefined {
  return app?._router === undefined ? app?.router : undefined;
}

function hasRoute(router: Router | undefined, route: Route | undefined): boolean {
  return route !== undefined && stackOf(router).some((layer) => layer.route === route);
}

function stackOf(router: Router | undefined): readonly Layer[] {
  return Array.isArray(router?.stack) ? router.stack : [];
}

/** Whether a path is one of a template whose parameters are segments. */
function fits(path: string, template: string): boolean {
  const [segments, parts] = [path, template].map((each) => each.toLowerCase().split('/')) as [
    string[],
    string[],
  ];
  const isPart = (part: string, at: number) =>
    /^:\w+$/.test(part) || (part === segments[at] && !/[:*{}()[\]+?!\\]/.test(part));
  return segments.length === parts.length && parts.every(isPart);
}
