/** Routes by their templates (`/orders/:id`): a string also stands for the routes below it. */
export type Routes = readonly (string | RegExp)[];

export interface RouteChoice {
  readonly include?: Routes;
  readonly exclude?: Routes;
}

/** Whether a route is chosen; what has none, such as a message, is. */
export function isChosen(route: string | undefined, { include, exclude }: RouteChoice): boolean {
  if (route === undefined) return true;
  return (
    (include === undefined || matches(route, include)) && !(exclude !== undefined && matches(route, exclude))
  );
}

function matches(route: string, routes: Routes): boolean {
  return routes.some((chosen) => {
    // Not `test`, which remembers where it was in a pattern with the flag `g`.
    if (typeof chosen !== 'string') return route.search(chosen) !== -1;
    const root = chosen.replace(/\/$/, '');
    return route === root || route.startsWith(`${root}/`);
  });
}
