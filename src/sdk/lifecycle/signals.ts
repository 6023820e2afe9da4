import { builtinModule } from '../../platform/builtin-module.ts';
import { report } from '../../platform/report.ts';

/** Where Node does not hand out its modules, as before 20.16: the numbers that POSIX gives. */
const POSIX_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

/** The signals of this platform, where Node tells. */
function platformSignals(): Readonly<Record<string, number>> | undefined {
  const os = builtinModule('node:os') as
    { readonly constants?: { readonly signals: Readonly<Record<string, number>> } } | undefined;
  return os?.constants?.signals;
}

/** Whether a process may listen to it, on whatever platform. */
export function isCatchable(signal: unknown): boolean {
  return typeof signal === 'string' && signal !== 'SIGKILL' && signal !== 'SIGSTOP';
}

/**
 * Those of `signals` that this platform has; the others are reported. One list is for all platforms, such as that with
 * `SIGBREAK`, which only Windows has.
 */
export function knownOf(signals: readonly string[]): string[] {
  const platform = platformSignals();
  return Array.from(new Set(signals)).filter((signal) => {
    const isKnown = platform === undefined ? signal.startsWith('SIG') : Object.hasOwn(platform, signal);
    if (!isKnown) report(`startTracing(): '${signal}' is no signal of this platform; ignored`);
    return isKnown;
  });
}

/** What shells and supervisors expect of a process that a signal has ended. */
export function exitCodeOf(signal: string): number {
  return 128 + ((platformSignals() ?? POSIX_NUMBERS)[signal] ?? 0);
}
