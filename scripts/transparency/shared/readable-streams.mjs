import { createRequire } from 'node:module';
import { failure } from '../entries.mjs';
import { streams } from './streams.mjs';

const require = createRequire(import.meta.url);

/** The same for each major version. */
export async function readableStreams(kit, id) {
  const { trace, check } = kit;
  const { Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished } = require(id);
  const make = (chunks = ['a'], { error, hangs } = {}) => {
    const left = Array.isArray(chunks) ? [...chunks] : ['a'];
    const stream = new Readable({
      read() {
        if (left.length > 0) this.push(left.shift());
        else if (error)
          process.nextTick(() => (this.destroy ? this.destroy(error) : this.emit('error', error)));
        else if (!hangs) this.push(null);
      },
    });
    return stream;
  };
  await streams(kit, 'Readable', make);
  await streams(kit, 'PassThrough', (chunks = ['a'], { error, hangs } = {}) => {
    const stream = new PassThrough();
    for (const chunk of Array.isArray(chunks) ? chunks : ['a']) stream.write(chunk);
    if (error) setTimeout(() => stream.destroy(error), 3);
    else if (!hangs) stream.end();
    return stream;
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 10));

  await check('Writable: write, end and their callbacks', async (log) => {
    const stream = trace(
      () =>
        new Writable({
          write(chunk, encoding, done) {
            log('write', String(chunk), encoding);
            done();
          },
          final(done) {
            log('final');
            done();
          },
        }),
    )();
    for (const name of ['finish', 'close', 'error', 'drain'])
      stream.on(name, (...args) => log(name, ...args));
    const answers = [
      stream.write('a', (...args) => log('written', ...args)),
      typeof stream.end('b', 'utf8', (...args) => log('ended', ...args)),
    ];
    await settle();
    return [
      answers,
      stream.writable,
      stream.listenerCount('close'),
      stream.listenerCount('finish'),
      stream.listenerCount('error'),
    ];
  });
  await check('Writable: an error', async (log) => {
    const stream = trace(
      () =>
        new Writable({
          write(chunk, encoding, done) {
            done(new RangeError('mine'));
          },
        }),
    )();
    for (const name of ['finish', 'close', 'error']) stream.on(name, (...args) => log(name, ...args));
    stream.write('a', (...args) => log('written', ...args));
    await settle();
  });
  await check('Writable: write after end', async (log) => {
    const stream = trace(
      () =>
        new Writable({
          write(chunk, encoding, done) {
            done();
          },
        }),
    )();
    stream.on('error', (error) => log(error));
    stream.end();
    stream.write('late');
    await settle();
  });
  await check('Transform: this, arguments, flush', async (log) => {
    const stream = trace(
      () =>
        new Transform({
          transform(chunk, encoding, done) {
            log(this === stream, encoding);
            done(null, String(chunk).toUpperCase());
          },
          flush(done) {
            this.push('.');
            done();
          },
        }),
    )();
    stream.on('data', (chunk) => log(String(chunk)));
    for (const name of ['finish', 'end', 'close']) stream.on(name, () => log(name));
    stream.write('a');
    stream.end('b');
    await settle();
  });
  await check('Duplex: one side ends', async (log) => {
    const stream = trace(
      () =>
        new Duplex({
          read() {},
          write(chunk, encoding, done) {
            log(String(chunk));
            done();
          },
        }),
    )();
    for (const name of ['finish', 'end', 'close']) stream.on(name, () => log(name));
    stream.end('a');
    await settle();
    stream.push(null);
    stream.resume();
    await settle();
  });
  await check('in object mode', async (log) => {
    const stream = trace(() => new Readable({ objectMode: true, read() {} }))();
    const object = { a: 1 };
    stream.on('data', (chunk) => log(chunk === object));
    stream.push(object);
    stream.push(null);
    await settle();
  });
  await check('pipe: the events of it', async (log) => {
    const source = trace(make)(['a', 'b']);
    const sink = trace(() => new PassThrough())();
    for (const name of ['pipe', 'unpipe', 'finish']) sink.on(name, (from) => log(name, from === source));
    source.pipe(sink).resume();
    await settle();
    return [source.listenerCount('end'), source.listenerCount('close'), sink.listenerCount('close')];
  });
  await check('unpipe', async (log) => {
    const source = trace(make)(['a', 'b'], { hangs: true });
    const sink = trace(() => new PassThrough())();
    sink.on('unpipe', () => log('unpipe'));
    source.pipe(sink);
    return source.unpipe(sink) === source;
  });
  await check('unshift and wrap', async (log) => {
    const source = trace(make)(['a'], { hangs: true });
    source.unshift('first');
    source.once('data', (chunk) => log(String(chunk)));
    await settle();
    const wrapped = trace(() => new Readable().wrap(make(['w'])))();
    wrapped.on('data', (chunk) => log(String(chunk)));
    await settle();
  });
  await check('instanceof and the state', () => {
    const stream = trace(make)();
    const shape = [
      stream instanceof Readable,
      stream.constructor === Readable,
      typeof stream._readableState,
      typeof stream.destroy,
      stream.readableHighWaterMark,
    ];
    stream.resume();
    return shape;
  });
  await check('a subclass whose methods are traced', async (log) => {
    class Numbers extends Readable {
      next = 1;
      _read(...args) {
        log('_read', args.length, this.next);
        this.push(this.next > 2 ? null : String(this.next));
        this.next++;
      }
    }
    trace.class(Numbers);
    const stream = new Numbers();
    stream.on('data', (chunk) => log(String(chunk)));
    stream.on('end', () => log('end'));
    await settle();
  });
  if (pipeline) {
    await check('pipeline: its callback, what it answers', async (log) => {
      const seen = [];
      const sink = new Writable({
        write(chunk, encoding, done) {
          seen.push(String(chunk));
          done();
        },
      });
      const answer = trace(pipeline)(
        trace(make)(['a', 'b']),
        trace(() => new PassThrough())(),
        sink,
        (...args) => log(...args),
      );
      await settle();
      return [answer === sink, seen];
    });
    await check('pipeline: an error', async (log) => {
      const error = new RangeError('mine');
      trace(pipeline)(trace(make)(['a'], { error }), new PassThrough().resume(), (...args) =>
        log(args.length, args[0] === error),
      );
      await settle();
    });
  }
  if (finished) {
    await check('finished', async (log) => {
      const stream = trace(make)(['a']);
      const stop = trace(finished)(stream, (...args) => log(...args));
      stream.resume();
      await settle();
      return typeof stop;
    });
    await check('finished: closed too early', async (log) => {
      const stream = trace(make)(['a'], { hangs: true });
      finished(stream, (error) => log(error));
      stream.destroy();
      await settle();
    });
  }
  if (Readable.from) {
    await check('Readable.from', async (log) => {
      for await (const item of trace((...args) => Readable.from(...args))([1, 2])) log(item);
      return failure(async () => {
        for await (const item of Readable.from(
          (async function* () {
            yield 1;
            throw new RangeError('mine');
          })(),
        ))
          log(item);
      });
    });
  }
}
