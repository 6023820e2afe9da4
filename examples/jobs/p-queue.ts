// p-queue: each job of a queue in a span, as a child of what was active where it was added.

import PQueue from 'p-queue';
import { traceTask, withSpan } from 'oncespan';

interface Limits {
  readonly concurrency: number;
  readonly timeout: number;
}

/** `resize` is handed p-queue's signal, which aborts when the job's time is over or when the caller gives up. */
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

  /** The time of the jobs is their own: what they wait in the queue is seen in the album's span alone. */
  const album = (images: readonly string[], signal?: AbortSignal) =>
    withSpan({ name: 'album', attributes: { images: images.length } }, () =>
      Promise.allSettled(images.map((image) => thumbnail(image, signal))),
    );

  return { album, onIdle: () => queue.onIdle() };
}
