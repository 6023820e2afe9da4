import { expect, test, vi } from 'vitest';
import { thumbnailsWith } from '../../examples/jobs/p-queue.ts';
import { deferred, record } from '../harness.ts';

const limits = { concurrency: 1, timeout: 1000 };
const never = () => new Promise<never>(() => {});

const thumbnail = (image: string) => ({ name: 'thumbnail', parent: 'album', attributes: { image } });

test('jobs that return and throw', async () => {
  const { rows } = record();
  const { album } = thumbnailsWith(async (image) => {
    if (image === 'torn') throw new RangeError('no such size');
    return `${image}.small`;
  }, limits);
  expect(await album(['sea', 'torn', 'sky'])).toEqual([
    { status: 'fulfilled', value: 'sea.small' },
    { status: 'rejected', reason: new RangeError('no such size') },
    { status: 'fulfilled', value: 'sky.small' },
  ]);
  expect(rows()).toEqual([
    thumbnail('sea'),
    {
      ...thumbnail('torn'),
      status: 'ERROR no such size',
      attributes: { image: 'torn', error: true, 'error.type': 'RangeError' },
      exceptions: ['RangeError: no such size'],
    },
    thumbnail('sky'),
    { name: 'album', attributes: { images: 3 } },
  ]);
});

test('a job whose time is over while it ignores its signal; the next one starts', async () => {
  const { rows } = record();
  const started = deferred();
  const { album } = thumbnailsWith((image) => {
    if (image !== 'vast') return Promise.resolve(`${image}.small`);
    started.resolve();
    return never();
  }, limits);
  const settled = album(['vast', 'sky']);
  await started.promise;
  vi.advanceTimersByTime(limits.timeout);
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  const message = 'Task timed out after 1000ms (queue has 1 running, 1 waiting)';
  expect(rows()).toEqual([
    {
      ...thumbnail('vast'),
      status: `ERROR ${message}`,
      attributes: {
        image: 'vast',
        error: true,
        'error.type': 'TimeoutError',
        'oncespan.outcome': 'aborted',
      },
      exceptions: [`TimeoutError: ${message}`],
    },
    thumbnail('sky'),
    { name: 'album', attributes: { images: 2 } },
  ]);
});

test('an abort ends the job that runs; one that waits has no span', async () => {
  const { rows } = record();
  const started = deferred();
  const { album, onIdle } = thumbnailsWith(() => {
    started.resolve();
    return never();
  }, limits);
  const controller = new AbortController();
  const settled = album(['sea', 'sky'], controller.signal);
  await started.promise;
  controller.abort(new DOMException('the page was closed', 'AbortError'));
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await onIdle();
  expect(rows()).toEqual([
    {
      ...thumbnail('sea'),
      status: 'ERROR the page was closed',
      attributes: { image: 'sea', error: true, 'error.type': 'AbortError', 'oncespan.outcome': 'aborted' },
      exceptions: ['AbortError: the page was closed'],
    },
    { name: 'album', attributes: { images: 2 } },
  ]);
});
