import { trace, type TracerProvider } from '@opentelemetry/api';
import { endSpansOf } from '../../span/end-many.ts';
import { noteShutDown, registeredProvider } from '../../platform/provider.ts';
import { report } from '../../platform/report.ts';
import { Deadline, IntrinsicPromise } from '../../platform/deadline.ts';
import { joined, ProviderCall } from '../../platform/provider-call.ts';
import { LONGEST_DELAY } from '../../platform/timer.ts';

/**
 * Ends the live spans of `provider` as `shutdown`, and gives the exporter what it has not got yet: all that can be done when the
 * process exits. Exporters that write at once lose nothing.
 */
export function handOver(provider: ShutdownProvider): void {
  endSpansOf(provider);
  const noTime = { isOver: true, observers: new Set<() => void>() };
  void new ProviderCall(noTime).run(() => provider.forceFlush?.());
}

/** A tracer provider as every SDK has it. */
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
export async function shutDownProvider(provider: ShutdownProvider, timeoutMs: number): Promise<void> {
  // First: what is called from now on would start spans that nobody ends.
  if (registeredProvider() === provider) trace.disable();
  noteShutDown(provider);
  endSpansOf(provider);
  const observers = new Set<() => void>();
  const time = { isOver: false, observers };
  const call = new ProviderCall(time);
  const limit = new Deadline<void>({
    timeoutMs,
    timedOut: () => {
      time.isOver = true;
      for (const tell of Array.from(observers)) tell();
      call.answerEarly();
      report(`the tracer provider had not shut down after ${timeoutMs} ms`);
    },
    holdsProcess: true,
  });
  const ask = async (what: string, method: () => unknown) => {
    const failures = await call.run(method);
    // What fails later fails for want of time.
    if (failures.length > 0 && !time.isOver) report(`the tracer provider's ${what} failed`, joined(failures));
  };
  const timeoutMillis = Math.min(timeoutMs, LONGEST_DELAY);
  await IntrinsicPromise.race([
    ask('forceFlush()', () => provider.forceFlush?.({ timeoutMillis })),
    limit.promise,
  ]);
  await IntrinsicPromise.race([ask('shutdown()', () => provider.shutdown()), limit.promise]);
  limit.settle();
}
