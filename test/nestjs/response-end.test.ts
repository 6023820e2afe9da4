import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type NodeResponse, onResponseEnd } from '../../src/nestjs/response-end.ts';
import { reported } from '../harness.ts';

// Servers that are not Node's have responses of their own.

type Response = EventEmitter & NodeResponse;

/** A response that does not say itself whether it has ended. */
const responseWith = (others: object) =>
  Object.assign(new EventEmitter(), {
    statusCode: 200,
    headersSent: false,
    writableEnded: false,
    socket: {},
    hasHeader: () => false,
    setHeader() {},
    ...others,
  }) as Response;

const served = { socket: { server: {} } };

describe.each([
  ['of Node', {}, []],
  ['without `prependListener`', { prependListener: undefined }, []],
  ['without `off`', { off: undefined }, ['oncespan: removing a listener threw']],
])('a response %s', (_which, others, reports) => {
  test('tells each observer once, and takes no room from the listeners of others', () => {
    const response = responseWith(others);
    const told: string[] = [];
    for (const name of ['request', 'handler', 'signal'])
      onResponseEnd(response, (end) => told.push(`${name} ${end}`));
    const taken = [response.listenerCount('finish'), response.listenerCount('close')];
    expect(taken).toEqual([3, 3]);
    expect(response.getMaxListeners()).toBe(EventEmitter.defaultMaxListeners + 3);
    response.emit('finish');
    response.emit('close');
    response.emit('finish');
    expect(told.toSorted()).toEqual(['handler sent', 'request sent', 'signal sent']);
    expect([...new Set(reported.splice(0).map(([text]) => text))]).toEqual(reports);
  });

  test('tells who comes later of what comes later', () => {
    const response = responseWith(others);
    const told: string[] = [];
    onResponseEnd(response, (end) => told.push(`first ${end}`));
    response.emit('close');
    onResponseEnd(response, (end) => told.push(`second ${end}`));
    response.emit('finish');
    expect(told).toEqual(['first left', 'second sent']);
    reported.length = 0;
  });
});

test.each([
  ['over HTTP/1, by `close` alone', served, [0, 1]],
  ['over HTTP/2', { ...served, stream: { aborted: false } }, [1, 1]],
  ['that waits for its connection', { socket: null }, [1, 1]],
  ["of a server that is not Node's", { socket: {} }, [1, 1]],
])('a response %s, tells the latest comer first, and leaves no listener', (_which, others, taken) => {
  const response = responseWith(others);
  const counts = () => [response.listenerCount('finish'), response.listenerCount('close')];
  const told: string[] = [];
  onResponseEnd(response, (end) => told.push(`request ${end}`));
  expect(counts()).toEqual(taken);
  onResponseEnd(response, (end) => told.push(`handler ${end}`));
  response.emit('finish');
  Object.assign(response, { socket: null });
  response.emit('close');
  expect(told).toEqual(['handler sent', 'request sent']);
  expect(counts()).toEqual([0, 0]);
});

test.each([
  ['its own socket: the client has left', served.socket, 'left'],
  ['no socket: Node has sent it', null, 'sent'],
  ['another socket: Bun has sent it', {}, 'sent'],
])('at its `close`, a response with %s', (_which, socket, end) => {
  const response = responseWith(served);
  const told: string[] = [];
  onResponseEnd(response, (how) => told.push(how));
  Object.assign(response, { socket });
  response.emit('close');
  expect(told).toEqual([end]);
});

test.each([0, Infinity])('a response that takes %d listeners, which is as many as come', (most) => {
  const response = responseWith(served).setMaxListeners(most);
  onResponseEnd(response, () => {});
  expect(response.getMaxListeners()).toBe(most);
});

test('a listener of `close` that makes a response finish is one end, not two', () => {
  const response = responseWith({});
  const told: string[] = [];
  response.on('close', () => response.emit('finish'));
  onResponseEnd(response, (end) => told.push(end));
  response.emit('close');
  expect(told).toEqual(['left']);
});

test('an observer that throws keeps nobody from being told', () => {
  const response = responseWith({});
  const told: string[] = [];
  onResponseEnd(response, (end) => told.push(end));
  onResponseEnd(response, () => {
    throw new Error('broken');
  });
  response.emit('finish');
  expect(told).toEqual(['sent']);
  expect(reported.splice(0)).toEqual([
    ['oncespan: telling of the end of a response threw', expect.objectContaining({ message: 'broken' })],
  ]);
});
