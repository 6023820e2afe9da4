// What every library's readable streams of Node's kind are asked. `make(chunks, options)`: a fresh one that sends the chunks and then
// ends, or fails with `options.error`; with `options.hangs` it neither ends nor fails.

import { PassThrough } from 'node:stream';
import { failure } from '../entries.mjs';

const untilClosed = (stream) =>
  new Promise((resolve) => {
    stream.once('close', resolve);
    // Old streams say no `close` when they end.
    stream.once('end', () => setTimeout(resolve, 5));
    stream.once('error', () => setTimeout(resolve, 5));
  });

export async function streams({ trace, check }, label, make, { isNodes = true } = {}) {
  const ask = (name, act) => check(`${label}: ${name}`, act);
  const traced = trace(make);
  const text = (chunk) => (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());

  await ask('this and arguments', async () => {
    const seen = [];
    const self = {
      make: trace(function (...args) {
        seen.push(this === self, args.length);
        return make(['a']);
      }),
    };
    const stream = self.make(1, undefined, 3);
    stream.resume();
    await untilClosed(stream);
    return seen;
  });
  await ask('the same object comes out that went in', () => {
    const inner = make(['a']);
    const same = trace(() => inner)() === inner;
    inner.resume();
    return same;
  });
  await ask('shape and listeners', () => {
    const plain = make(['a']);
    const got = traced(['a']);
    const counts = (stream) => [
      stream.eventNames().map(String).toSorted(),
      stream.eventNames().map((name) => stream.listenerCount(name)),
    ];
    const shape = [
      Object.getPrototypeOf(got) === Object.getPrototypeOf(plain),
      Object.keys(got).join() === Object.keys(plain).join(),
      counts(got),
      counts(plain),
      got.readable,
      got.readableFlowing,
      got.destroyed,
    ];
    plain.resume();
    got.resume();
    return shape;
  });
  await ask('events, their arguments and this', async (log) => {
    const stream = traced(['a', 'b', 'c']);
    for (const name of ['data', 'end', 'close', 'error']) {
      stream.on(name, function (...args) {
        log(name, this === stream, args.length, name === 'data' ? text(args[0]) : args);
      });
    }
    await untilClosed(stream);
  });
  await ask('an error', async (log) => {
    const error = new RangeError('mine');
    const stream = traced(['a'], { error });
    for (const name of ['end', 'close']) stream.on(name, () => log(name));
    stream.on('error', (...args) => log('error', args.length, args[0] === error));
    stream.on('data', (chunk) => log(text(chunk)));
    await untilClosed(stream);
  });
  await ask('an error that nobody hears', async () => {
    const stream = traced(['a'], { error: new RangeError('unheard') });
    stream.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await ask('destroyed', async (log) => {
    const stream = traced(['a'], { hangs: true });
    for (const name of ['end', 'close', 'error']) stream.on(name, (...args) => log(name, ...args));
    const answer = stream.destroy();
    await new Promise((resolve) => setTimeout(resolve, 10));
    return [answer === undefined || answer === stream, stream.destroyed];
  });
  await ask('destroyed with an error', async (log) => {
    const stream = traced(['a'], { hangs: true });
    for (const name of ['end', 'close', 'error']) stream.on(name, (...args) => log(name, ...args));
    stream.destroy(new RangeError('mine'));
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await ask('on, once, off answer the stream', () => {
    const stream = traced(['a']);
    const noop = () => {};
    const same = [stream.on('end', noop), stream.once('end', noop), stream.removeListener('end', noop)];
    stream.resume();
    return same.map((one) => one === stream);
  });
  await ask('paused and resumed', async (log) => {
    const stream = traced(['a', 'b', 'c']);
    stream.on('data', (chunk) => {
      log(text(chunk));
      stream.pause();
      setTimeout(() => stream.resume(), 1);
    });
    await untilClosed(stream);
  });
  await ask('pipe', async (log) => {
    const sink = new PassThrough();
    const stream = traced(['a', 'b']);
    const answer = stream.pipe(sink);
    for await (const chunk of sink) log(text(chunk));
    return answer === sink;
  });
  await ask('read()', async (log) => {
    const stream = traced(['a', 'b']);
    stream.on('readable', () => {
      for (let chunk; (chunk = stream.read()) !== null;) log(text(chunk));
    });
    await untilClosed(stream);
  });
  const one = make(['a']);
  one.resume();
  if (typeof one[Symbol.asyncIterator] === 'function') {
    await ask('for await', async (log) => {
      for await (const chunk of traced(['a', 'b'])) log(text(chunk));
    });
    await ask('for await, left early', async (log) => {
      const stream = traced(['a', 'b'], { hangs: true });
      stream.on('close', () => log('close'));
      for await (const chunk of stream) {
        log(text(chunk));
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      return stream.destroyed;
    });
    await ask('for await, an error', () =>
      failure(async () => {
        for await (const chunk of traced(['a'], { error: new RangeError('mine') })) text(chunk);
      }),
    );
    await ask('the iterator by hand', async () => {
      const iterator = traced(['a', 'b'])[Symbol.asyncIterator]();
      const first = await iterator.next();
      const last = await iterator.return();
      return [text(first.value), last, iterator[Symbol.asyncIterator]() === iterator];
    });
  }
  if (isNodes) {
    await ask('a chunk of text', async (log) => {
      const stream = traced(['a', 'b']);
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => log(chunk));
      await untilClosed(stream);
    });
    await ask('emit and rawListeners', () => {
      const stream = traced(['a']);
      const seen = [];
      const listener = (...args) => seen.push(args);
      stream.on('mine', listener);
      const emitted = [stream.emit('mine', 1, undefined, 3), stream.emit('other')];
      const listeners = [stream.listeners('mine')[0] === listener, stream.listenerCount('mine')];
      stream.resume();
      return [emitted, seen, listeners];
    });
  }
}
