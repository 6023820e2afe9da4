import { attempt } from './report.ts';

/**
 * The value of an environment variable without white space around it; `undefined` where it is empty or unset, where there
 * is no process, or where it may not be read, as in Deno without `--allow-env`.
 */
export function environmentVariable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, unknown> } };
  return attempt(`reading ${name}`, () => String(process?.env?.[name] ?? '').trim() || undefined);
}
