import { attempt } from '../platform/report.ts';
import { isClass } from '../platform/stand-in.ts';

/**
 * An error class (its subclasses match too), an error's `name`, for a class that is not at hand or there more than once, or
 * a predicate.
 */
export type ErrorMatcher =
  string | (abstract new (...args: never[]) => unknown) | ((error: unknown) => boolean);

/** In the list of a function it stands for the matchers of its instance, which the list would replace otherwise. */
export const THOSE_OF_THE_INSTANCE: ErrorMatcher = () => false;

/**
 * One predicate for one or many matchers. A predicate that throws, or answers anything but `true`, does not match.
 *
 * @param ofInstance what {@link THOSE_OF_THE_INSTANCE} stands for
 */
export function matcherOf(
  matchers: ErrorMatcher | readonly ErrorMatcher[],
  ofInstance: ErrorMatcher = THOSE_OF_THE_INSTANCE,
): (error: unknown) => boolean {
  const all = [matchers].flat().map((matcher) => (matcher === THOSE_OF_THE_INSTANCE ? ofInstance : matcher));
  return (error) =>
    all.some((matcher) => {
      const matches = () => {
        if (typeof matcher === 'string')
          return (error as Partial<Error> | null | undefined)?.name === matcher;
        return isErrorClass(matcher) ? error instanceof matcher : matcher(error);
      };
      return attempt('option "ignoreErrors"', matches) === true;
    });
}

/** A `class`, a built-in error, or an error constructor from before classes: only those inherit from `Error`. */
function isErrorClass(
  matcher: Exclude<ErrorMatcher, string>,
): matcher is abstract new (...args: never[]) => unknown {
  const { prototype } = matcher as { prototype?: unknown };
  if (matcher === Error || prototype instanceof Error) return true;
  return isClass(matcher);
}
