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
  test('tells each observer once', () => {
    const response = responseWith(others);
    const told: string[] = [];
    for (const name of ['request', 'signal']) onResponseEnd(response, (end) => told.push(`${name} ${end}`));
    response.emit('finish');
    response.emit('close');
    response.emit('finish');
    expect(told.toSorted()).toEqual(['request sent', 'signal sent']);
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

test.each(['finish', 'close'])(
  'tells the latest comer first of its `%s`, and leaves no listener',
  (event) => {
    const response = responseWith({});
    const told: string[] = [];
    for (const name of ['request', 'signal']) onResponseEnd(response, () => told.push(name));
    response.emit(event);
    expect(told).toEqual(['signal', 'request']);
    expect(response.eventNames()).toEqual([]);
  },
);

describe('a response that waits behind others on its connection', () => {
  const waiting = () => {
    const socket = new EventEmitter();
    const response = responseWith({ socket: null, req: { socket } });
    const told: string[] = [];
    onResponseEnd(response, (end) => told.push(`request ${end}`));
    return { socket, response, told };
  };

  test('has been left when that closes', () => {
    const { socket, response, told } = waiting();
    socket.emit('close');
    expect(told).toEqual(['request left']);
    expect([socket.eventNames(), response.eventNames()]).toEqual([[], []]);
  });

  test('tells by itself once it has that: first who came later', () => {
    const { socket, response, told } = waiting();
    Object.assign(response, { socket });
    onResponseEnd(response, (end) => told.push(`signal ${end}`));
    socket.emit('close');
    expect(told).toEqual([]);
    response.emit('close');
    expect(told).toEqual(['signal left', 'request left']);
    expect([socket.eventNames(), response.eventNames()]).toEqual([[], []]);
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
