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

describe.each([
  ['of Node', {}, []],
  ['without `prependListener`', { prependListener: undefined }, []],
  ['without `off`', { off: undefined }, ['oncespan: removing a listener threw']],
])('a response %s', (_which, others, reports) => {
  test('tells each observer once, the latest comer first, by one listener for each event', () => {
    const response = responseWith(others);
    const told: string[] = [];
    for (const name of ['request', 'handler', 'signal'])
      onResponseEnd(response, (end) => told.push(`${name} ${end}`));
    const counts = () => [response.listenerCount('finish'), response.listenerCount('close')];
    expect(counts()).toEqual([1, 1]);
    response.emit('finish');
    response.emit('close');
    response.emit('finish');
    expect(told).toEqual(['signal sent', 'handler sent', 'request sent']);
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
