import { isRecord, refuse } from '../options/check.ts';
import type { TaskOptions } from '../options/options.ts';
import { ask } from '../options/plan.ts';
import { inWords } from '../platform/report.ts';

/** `preset` with what the user's own options override. Attributes, and errors to ignore, are those of both. */
export function overridden<Args extends unknown[], Result>(
  where: string,
  preset: TaskOptions<Args, Result>,
  own: TaskOptions<Args, Result> = {},
): TaskOptions<Args, Result> {
  if (!isRecord(own)) refuse(`${where}: ${inWords(own)} is not an object of options`);
  const { attributes, ignoreErrors } = own;
  const merged = { ...preset, ...own };
  if (isRecord(attributes)) {
    merged.attributes = (...args) => ({ ...given(preset, args), ...(attributes as object) });
  } else if (typeof attributes === 'function') {
    merged.attributes = (...args) => ({
      ...given(preset, args),
      ...(ask('attributes', attributes as never, args) as object),
    });
  }
  if (preset.ignoreErrors !== undefined && ignoreErrors !== undefined)
    merged.ignoreErrors = [preset.ignoreErrors, ignoreErrors].flat();
  return merged;
}

function given<Args extends unknown[]>({ attributes }: TaskOptions<Args, never>, args: Args): object {
  return (typeof attributes === 'function' ? attributes(...args) : attributes) ?? {};
}
