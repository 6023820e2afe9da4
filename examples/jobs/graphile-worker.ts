// graphile-worker: a span for each attempt at a job. The signal is found in `helpers`. test/jobs/graphile-worker.test.ts runs it.

import { SpanKind } from '@opentelemetry/api';
import type { JobHelpers, WorkerUtils } from 'graphile-worker';
import { carrier, traceTask } from 'oncespan';

export interface Receipt {
  readonly order: string;
  readonly headers: Record<string, string>;
}

export const addReceipt = traceTask(
  (utils: Pick<WorkerUtils, 'addJob'>, order: string) =>
    utils.addJob('receipt', { order, headers: carrier() }, { maxAttempts: 2 }),
  { name: 'send receipt', kind: SpanKind.PRODUCER },
);

/** For `run({ taskList: { receipt: receiptTask(send) } })`. */
export const receiptTask = (send: (order: string, signal: AbortSignal) => Promise<void>) =>
  traceTask(
    (payload: unknown, helpers: JobHelpers) => send((payload as Receipt).order, helpers.abortSignal),
    {
      name: (_payload, { job }) => `process ${job.task_identifier}`,
      kind: SpanKind.CONSUMER,
      // A later attempt may come days later. It makes a trace of its own, linked to that of the producer.
      from: (payload, { job }) => (job.attempts === 1 ? (payload as Receipt).headers : undefined),
      links: (payload) => [(payload as Receipt).headers],
    },
  );
