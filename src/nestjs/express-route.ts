import { attempt } from '../platform/report.ts';

/** What is read of a request of Express 4 and 5. */
export interface ExpressRequest {
  readonly url?: string;
  /** The path that the routers and applications around the route were mounted at, as it came: no template. */
  readonly baseUrl?: string;
  readonly route?: Route;
  readonly app?: Application;
}

interface Route {
  readonly path?: unknown;
}

interface Application {
  readonly parent?: Application;
  /** The template that its parent has mounted it at. */
  readonly mountpath?: unknown;
  readonly router?: Router;
  /** Express 4, where to read `router` throws. */
  readonly _router?: Router;
}

interface Router {
  readonly stack?: readonly Layer[];
}

/** What a router asks in turn: https://github.com/pillarjs/router/blob/master/lib/layer.js */
interface Layer {
  readonly route?: Route;
  readonly handle: Router;
  /** The template. Not there before version 2.3 of the router. */
  readonly rawPath?: unknown;
  readonly slash?: boolean;
  readonly matchers?: readonly ((
    path: string,
  ) => false | { readonly path: string; readonly params: object })[];
  /** Express 4 has these instead. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly unknown[];
}

/** The template that a handler of Nest was routed by: its application may be mounted in another one. */
export function routeOfHandler({ app, baseUrl, route }: ExpressRequest): string | undefined {
  if (typeof route?.path !== 'string') return undefined;
  return baseUrl ? templateOfApplication(app) + route.path : route.path;
}

/**
 * The template that anything else was routed by, which can stand in a router inside a router. Only the routers know where
 * they are mounted, so it is looked for from the top. `undefined` where a part of it is not known: the path of a
 * request has no place in the name of a span.
 */
export function routeOfRequest({ app, baseUrl = '', url = '/', route }: ExpressRequest): string | undefined {
  const { path } = route ?? {};
  if (typeof path !== 'string') return undefined;
  const around = templateOfApplication(app);
  // As many segments as its template has are behind us.
  const [, ...segments] = (baseUrl + url.replace(/[?#].*$/s, '')).split('/');
  const inside = `/${segments.slice(around.split('/').length - 1).join('/')}`;
  const router = attempt('reading the router of Express', () => app?._router ?? app?.router);
  const mounts = router && templateOfMounts(router, route!, inside);
  return mounts === undefined ? undefined : around + mounts + path;
}

/** Empty where it is not known: an application in a router does not learn where that is. */
function templateOfApplication(app: Application | undefined): string {
  if (app?.parent === undefined) return '';
  const { mountpath } = app;
  return templateOfApplication(app.parent) + (typeof mountpath === 'string' ? asMount(mountpath) : '');
}

/** The templates of the routers around a route. A router that does not fit the path is not looked into: it can be mounted twice. */
function templateOfMounts({ stack = [] }: Router, route: Route, path: string): string | undefined {
  for (const layer of stack) {
    if (layer.route === route) return '';
    const mount = layer.handle.stack && mountOf(layer, path);
    const inside = mount && templateOfMounts(layer.handle, route, path.slice(mount.path.length) || '/');
    if (inside !== undefined) return mount!.template + inside;
  }
  return undefined;
}

interface Mount {
  readonly path: string;
  readonly template: string;
}

function mountOf({ slash, rawPath, matchers = [], regexp, keys }: Layer, path: string): Mount | undefined {
  if (slash === true || regexp?.fast_slash === true) return { path: '', template: '' };
  for (const [at, matcher] of matchers.entries()) {
    const match = matcher(path);
    if (!match) continue;
    const given = Array.isArray(rawPath) ? (rawPath[at] as unknown) : rawPath;
    const isPlain = given === undefined && Object.keys(match.params).length === 0;
    const known = isPlain ? match.path : given;
    return typeof known === 'string' ? { path: match.path, template: asMount(known) } : undefined;
  }
  const [plain] = keys?.length === 0 ? (regexp?.exec(path) ?? []) : [];
  return plain === undefined ? undefined : { path: plain, template: asMount(plain) };
}

function asMount(template: string): string {
  return template.replace(/\/$/, '');
}
