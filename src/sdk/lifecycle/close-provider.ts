import { trace, type TracerProvider } from '@opentelemetry/api';
import { endSpansOf } from '../../span/shutdown.ts';
import { noteShutDown, registeredProvider } from '../../platform/provider.ts';
import { report } from '../../platform/report.ts';
import { Deadline } from '../../platform/deadline.ts';
import { callUntraced } from '../../platform/untraced-context.ts';

/** A provider as every SDK has it. */
export interface ShutdownProvider extends TracerProvider {
  forceFlush?(options?: { timeoutMillis?: number }): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Ends the live spans of `provider` as `shutdown`, flushes it and shuts it down, in `timeoutMs` together, during which the
 * process stays. It is the registered one no longer: calls are not traced from now on, and another can be registered.
 *
 * Never rejects: what fails or hangs is reported.
 */
export async function closeProvider(provider: ShutdownProvider, timeoutMs: number): Promise<void> {
  // First: what is called from now on would start spans that nobody ends.
  if (registeredProvider() === provider) trace.disable();
  noteShutDown(provider);
  endSpansOf(provider);
  const timeIsUp = () => report(`the tracer provider had not shut down after ${timeoutMs} ms`);
  const limit = new Deadline<void>({ timeoutMs, timedOut: timeIsUp, holdsProcess: true });
  const step = async (what: string, call: () => Promise<void> | undefined) => {
    const ended = callUntraced(async () => call());
    const reported = ended.catch((error: unknown) => report(`the tracer provider's ${what} failed`, error));
    await Promise.race([reported, limit.promise]);
  };
  await step('forceFlush()', () => provider.forceFlush?.({ timeoutMillis: timeoutMs }));
  await step('shutdown()', () => provider.shutdown());
  limit.settle();
}
