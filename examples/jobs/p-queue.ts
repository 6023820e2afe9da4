// p-queue: a span for each job, as a child of the span that was active where the job was added. test/jobs/p-queue.test.ts runs it.

import PQueue from 'p-queue';
import { traceTask, withSpan } from 'oncespan';

interface Limits {
  readonly concurrency: number;
  readonly timeout: number;
}

/** `resize` is given p-queue's signal. It aborts when the job's time is over, or when the caller gives up. */
export function thumbnailsWith(
  resize: (image: string, signal: AbortSignal | undefined) => Promise<string>,
  limits: Limits,
) {
  const queue = new PQueue(limits);

  const thumbnail = (image: string, signal?: AbortSignal) =>
    queue.add(
      traceTask(
        // `{ signal }`, the first argument, is where the span finds it, too.
        async (job) => resize(image, job.signal),
        { name: 'thumbnail', attributes: { image } },
      ),
      { signal },
    );

  /** A job's span starts when the job does. How long the jobs wait in the queue shows in the album's span. */
  const album = (images: readonly string[], signal?: AbortSignal) =>
    withSpan({ name: 'album', attributes: { images: images.length } }, () =>
      Promise.allSettled(images.map((image) => thumbnail(image, signal))),
    );

  return { album, onIdle: () => queue.onIdle() };
}
