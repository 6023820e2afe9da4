import { refuse } from '../options/check.ts';
import type { Carrier, TaskOptions } from '../options/options.ts';
import { inWords } from '../platform/report.ts';
import { consumer, type Delivery } from './consumer.ts';
import { overridden } from './overridden.ts';
import { carrierIn } from './producer.ts';
import { numberIn, property, textIn } from './property.ts';

/**
 * What only BullMQ has.
 *
 * @example
 * new Worker('mail', traceTask(sendMail, bullmq({ cancellable: true })), { connection });
 */
export interface BullMQOptions {
  /**
   * Whether BullMQ is to make a signal for each job, which `worker.cancelJob()` aborts: it does so for processors that declare
   * three parameters.
   *
   * @default if the function declares three
   */
  cancellable?: boolean;
}

/** What is thrown to have a job run later: BullMQ does not count it as a failure either, and knows some of it by name, too. */
const CONTROL_FLOW = ['DelayedError', 'WaitingChildrenError', 'WaitingError', 'RateLimitError'];

/**
 * Options for the processor of a BullMQ worker: a `process {queue}` span of kind CONSUMER for each attempt at a job, linked to
 * who has added it, its producer. On the first attempt of a job that was to run at once it is a child of the producer; a job
 * that is retried, delayed or repeated makes a trace of its own. Under the span of `bullmq-otel` it is a child of that span.
 * What BullMQ throws to have a job run later, such as `DelayedError`, is no failure.
 *
 * The producer's context is that of `bullmq-otel`, or what `carrier()` has put into the job's data, at `headers` or at the top.
 *
 * @param options your own, which override these; attributes, and errors to ignore, add to these
 * @throws TypeError for something that is no object of options
 * @example
 * await queue.add('receipt', { order, headers: carrier() });
 * new Worker('mail', traceTask(sendMail, bullmq({ timeoutMs: 30_000 })), { connection });
 */
export function bullmq<Args extends unknown[] = unknown[], Result = unknown>(
  options: TaskOptions<Args, Result> & BullMQOptions = {},
): TaskOptions<Args, Result> {
  const where = 'bullmq()';
  const preset = { ...consumer('bullmq', 'bullmq', read), ignoreErrors: CONTROL_FLOW };
  const { cancellable, ...merged } = overridden(where, preset, options) as typeof options;
  if (cancellable !== undefined && typeof cancellable !== 'boolean')
    refuse(`${where}: option 'cancellable' is ${inWords(cancellable)}; give a boolean`);
  return cancellable ? { length: 3, ...merged } : merged;
}

function read([job]: readonly unknown[]): Delivery {
  const options = property(job, 'opts');
  // Before BullMQ 5 `attemptsMade` counted the one under way, too. A job that is built for a test may have neither.
  const attempt = numberIn(job, 'attemptsStarted') || numberIn(job, 'attemptsMade') || 1;
  const name = textIn(job, 'name');
  return {
    destination: textIn(job, 'queueName'),
    isBatch: false,
    messages: [
      {
        id: textIn(job, 'id'),
        get producer() {
          return carrierOfTelemetry(options) ?? carrierIn(property(job, 'data'));
        },
        attempt,
        isPostponed:
          // The job's own is 0 once it is due.
          (numberIn(options, 'delay') ?? 0) > 0 ||
          textIn(job, 'repeatJobKey') !== undefined ||
          property(options, 'repeat') !== undefined,
      },
    ],
    ...(name !== undefined && { attributes: { 'messaging.bullmq.job_name': name } }),
  };
}

/** Where `bullmq-otel` keeps the producer's context: as JSON. */
function carrierOfTelemetry(options: unknown): Carrier | undefined {
  const metadata = textIn(property(options, 'telemetry'), 'metadata');
  if (metadata === undefined) return undefined;
  try {
    return carrierIn(JSON.parse(metadata));
  } catch {
    return undefined;
  }
}
