import { isRecord, refuse } from '../options/check.ts';
import { THOSE_OF_THE_INSTANCE } from '../options/error-matcher.ts';
import type { TaskOptions } from '../options/options.ts';
import { ask, copyAttributes } from '../options/plan.ts';
import { inWords } from '../platform/report.ts';

/** `preset` with what the user's own options override. Attributes, and errors to ignore, are those of both. */
export function overridden<Args extends unknown[], Result>(
  where: string,
  preset: TaskOptions<Args, Result>,
  own: TaskOptions<Args, Result> = {},
): TaskOptions<Args, Result> {
  if (!isRecord(own)) refuse(`${where}: ${inWords(own)} is not an object of options`);
  // What is `undefined` is not given.
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const { attributes, ignoreErrors } = given as TaskOptions<Args, Result>;
  const merged: TaskOptions<Args, Result> = { ...preset, ...given };
  if (isRecord(attributes) || typeof attributes === 'function') {
    merged.attributes = (...args) => {
      const answer =
        typeof attributes === 'function' ? ask('attributes', attributes as never, args) : attributes;
      return { ...ofPreset(preset, args), ...copyAttributes('attributes', answer) };
    };
  }
  if (preset.ignoreErrors !== undefined)
    merged.ignoreErrors = [preset.ignoreErrors, ignoreErrors ?? THOSE_OF_THE_INSTANCE].flat();
  return merged;
}

function ofPreset<Args extends unknown[]>({ attributes }: TaskOptions<Args, never>, args: Args): object {
  return (typeof attributes === 'function' ? attributes(...args) : attributes) ?? {};
}
