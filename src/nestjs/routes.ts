/** Routes by their templates (`/orders/:id`): a string also stands for the routes below it. */
export type Routes = readonly (string | RegExp)[];

export interface RouteChoice {
  /**
   * Routes that are traced, by their templates (`/orders/:id`): a string also stands for the routes below it.
   *
   * @default all
   */
  readonly include?: Routes;
  /**
   * Routes that are not traced, even if `include` names them. Nor is what they call, outside a span that is active already.
   *
   * @default none
   */
  readonly exclude?: Routes;
}

export function isEveryChosen({ include, exclude }: RouteChoice): boolean {
  return include === undefined && exclude === undefined;
}

/** Whether a route is chosen; what has none, such as a message, is. */
export function isChosen(route: string | undefined, choice: RouteChoice): boolean {
  return route === undefined || isAmong(route, choice, startsWith);
}

/**
 * Whether the path of a request is one of a chosen route, before anything tells which route it is going to take.
 *
 * @returns `excluded` if that is sure: where a parameter stands for a part of the path, this can be another route's
 */
export function choiceOfPath(path: string, choice: RouteChoice): 'chosen' | 'not chosen' | 'excluded' {
  if (isAmong(path, choice, fits)) return 'chosen';
  const plain = choice.exclude?.filter((route) => typeof route === 'string' && !PLACEHOLDER.test(route));
  return isAmong(path, { exclude: plain }, fits) ? 'not chosen' : 'excluded';
}

const PLACEHOLDER = /[:*{]/;

type Match = (path: string, chosen: string) => boolean;

function isAmong(path: string, { include, exclude }: RouteChoice, match: Match): boolean {
  const isOne = (routes: Routes) =>
    // Not `test`, which remembers where it was in a pattern with the flag `g`.
    routes.some((chosen) => (typeof chosen === 'string' ? match(path, chosen) : path.search(chosen) !== -1));
  return (include === undefined || isOne(include)) && !(exclude !== undefined && isOne(exclude));
}

function startsWith(route: string, chosen: string): boolean {
  const root = chosen.replace(/\/$/, '');
  return route === root || route.startsWith(`${root}/`);
}

/**
 * A parameter (`:id`) or a wildcard (`*rest`) stands for whatever there is in its place, and what comes after the beginning of
 * an optional part (`{/:id}`) for anything below. As Express does, in any case of letters.
 */
function fits(path: string, chosen: string): boolean {
  const segments = path.toLowerCase().split('/');
  return chosen
    .toLowerCase()
    .replace(/\{.*|\/$/s, '')
    .split('/')
    .every((part, i) => part === segments[i] || (PLACEHOLDER.test(part) && Boolean(segments[i])));
}
