import { isObject, type Rules } from './rules.ts';
import { report } from '../platform/report.ts';
import { show } from '../platform/in-words.ts';

/** What to do about a wrong option: throw while decorating or configuring, `report` and go on without it at call time. */
export type Complaint = (problem: string) => void;

export const refuse: Complaint = (problem) => {
  throw new TypeError(problem);
};

export const tolerate: Complaint = (problem) => report(`${problem}; ignored`);

/**
 * A shallow copy of `options` with only what the rules accept, `undefined` left out; a string stands for `{ name }`.
 *
 * @param where names the caller in a complaint: `traceTask()`
 */
export function readOptions<Options extends object>(
  where: string,
  options: Options | string | undefined,
  rules: Rules<Options>,
  complain: Complaint,
): Options {
  const accepted: Record<string, unknown> = {};
  if (options === undefined) return accepted as Options;
  const takesName = 'name' in rules;
  const given = typeof options === 'string' && takesName ? { name: options } : options;
  if (!isObject(given)) {
    complain(`${where}: ${show(given)} is not ${takesName ? 'a name or ' : ''}an object of options`);
    return accepted as Options;
  }
  for (const key of Object.keys(given)) {
    const known = Object.prototype.hasOwnProperty.call(rules, key) ? rules[key as keyof Options] : undefined;
    if (known === undefined) {
      complain(
        `${where}: there is no option '${key}'; the options are ${Object.keys(rules).sort().join(', ')}`,
      );
      continue;
    }
    let problem = 'cannot be read';
    try {
      const own: unknown = Reflect.get(given as object, key);
      const value: unknown = known.isCopied && isObject(own) ? { ...(own as object) } : own;
      if (value === undefined) continue;
      if (known.accepts(value)) {
        accepted[key] = value;
        continue;
      }
      problem = `is ${show(value)}`;
    } catch {
      // A getter, or a proxy, that throws.
    }
    complain(`${where}: option '${key}' ${problem}; give ${known.expected}`);
  }
  return accepted as Options;
}
