import streamx from 'streamx';
import { failure } from '../entries.mjs';
import { streams } from '../shared/streams.mjs';

const {
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  pipeline,
  pipelinePromise,
  getStreamError,
  isStream,
} = streamx;
const make = (chunks = ['a'], { error, hangs } = {}) => {
  const left = Array.isArray(chunks) ? chunks.map((chunk) => Buffer.from(chunk)) : [Buffer.from('a')];
  return new Readable({
    read(done) {
      if (left.length > 0) this.push(left.shift());
      else if (error) return done(error);
      else if (!hangs) this.push(null);
      return done(null);
    },
  });
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 10));

export async function suite(kit) {
  const { trace, check } = kit;
  await streams(kit, 'Readable', make, { isNodes: false });
  await check('Writable: order of events', async (log) => {
    const stream = trace(
      () =>
        new Writable({
          open(done) {
            log('open');
            done(null);
          },
          write(data, done) {
            log('write', String(data));
            done(null);
          },
          final(done) {
            log('final');
            done(null);
          },
          destroy(done) {
            log('destroy');
            done(null);
          },
        }),
    )();
    for (const name of ['finish', 'close', 'error', 'drain'])
      stream.on(name, (...args) => log(name, ...args));
    const answers = [stream.write('a'), stream.end('b') === stream];
    await settle();
    return [answers, stream.destroyed, stream.eventNames().toSorted()];
  });
  await check('Writable: an error', async (log) => {
    const stream = trace(
      () =>
        new Writable({
          write(data, done) {
            done(new RangeError('mine'));
          },
        }),
    )();
    for (const name of ['finish', 'close', 'error']) stream.on(name, (...args) => log(name, ...args));
    stream.write('a');
    await settle();
    return getStreamError(stream);
  });
  await check('Writable.drained', async () => {
    const stream = trace(
      () =>
        new Writable({
          write(data, done) {
            setTimeout(done, 1, null);
          },
        }),
    )();
    stream.write('a');
    return Writable.drained(stream);
  });
  await check('Transform', async (log) => {
    const stream = trace(
      () =>
        new Transform({
          transform(data, done) {
            log(this === stream);
            done(null, String(data).toUpperCase());
          },
          flush(done) {
            this.push('.');
            done(null);
          },
        }),
    )();
    stream.on('data', (data) => log(data));
    for (const name of ['finish', 'end', 'close']) stream.on(name, () => log(name));
    stream.write('a');
    stream.end('b');
    await settle();
  });
  await check('Duplex, half ended', async (log) => {
    const stream = trace(
      () =>
        new Duplex({
          write(data, done) {
            log(String(data));
            done(null);
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
  await check('Readable.from', async (log) => {
    const from = trace((...args) => Readable.from(...args));
    for await (const item of from([1, 2])) log(item);
    for await (const item of from(
      (async function* () {
        yield 3;
      })(),
    ))
      log(item);
    return from(make(['a'])).constructor === Readable;
  });
  await check('pipeline', async (log) => {
    const sink = new Writable({
      write(data, done) {
        log(String(data));
        done(null);
      },
    });
    const answer = trace(pipeline)(
      trace(make)(['a', 'b']),
      trace(() => new PassThrough())(),
      sink,
      (...args) => log('end', ...args),
    );
    await settle();
    return answer === sink;
  });
  await check('pipelinePromise', async () => {
    const run = trace(pipelinePromise);
    return [
      await run(
        make(['a']),
        new Writable({
          write(data, done) {
            done(null);
          },
        }),
      ),
      await failure(() =>
        run(
          trace(make)(['a'], { error: new RangeError('mine') }),
          new Writable({
            write(data, done) {
              done(null);
            },
          }),
        ),
      ),
    ];
  });
  await check('pipe with a callback', async (log) => {
    trace(make)(['a']).pipe(
      new Writable({
        write(data, done) {
          log(String(data));
          done(null);
        },
      }),
      (...args) => log('end', ...args),
    );
    await settle();
  });
  await check('pipe into a stream of Node', async (log) => {
    const { PassThrough: NodePassThrough } = await import('node:stream');
    for await (const chunk of trace(make)(['a', 'b']).pipe(trace(() => new NodePassThrough())()))
      log(String(chunk));
  });
  await check('static questions', () => {
    const stream = trace(make)(['a'], { hangs: true });
    const before = [
      isStream(stream),
      Readable.isBackpressured(stream),
      Readable.isPaused(stream),
      streamx.isReadStreamx?.(stream),
      stream.readable,
      stream.destroying,
    ];
    stream.destroy();
    return [before, stream.destroying];
  });
  await check('a signal', async (log) => {
    const controller = new AbortController();
    const stream = trace(
      ({ signal }) =>
        new Readable({
          signal,
          read(done) {
            done(null);
          },
        }),
    )(controller);
    for (const name of ['close', 'error']) stream.on(name, (error) => log(name, error));
    controller.abort(new RangeError('enough'));
    await settle();
  });
  await check('map', async (log) => {
    const stream = trace(
      () =>
        new Readable({
          map: (...args) => [args.length, args[0]],
          read(done) {
            this.push(1);
            this.push(null);
            done(null);
          },
        }),
    )();
    for await (const data of stream) log(data);
  });
  await check('two things in one tick: destroy within data', async (log) => {
    const stream = trace(make)(['a', 'b', 'c']);
    stream.on('data', (data) => {
      log(String(data));
      stream.destroy();
    });
    for (const name of ['end', 'close']) stream.on(name, () => log(name));
    await settle();
  });
  await check('a class', async (log) => {
    class Numbers extends Readable {
      next = 1;
      _read(done, ...args) {
        log(args.length);
        this.push(this.next > 2 ? null : Buffer.from(String(this.next)));
        this.next++;
        done(null);
      }
      _destroy(done) {
        log('destroyed');
        done(null);
      }
    }
    trace.class(Numbers);
    for await (const data of new Numbers()) log(String(data));
    await settle();
  });
}
