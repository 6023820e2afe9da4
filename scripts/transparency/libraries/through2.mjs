import * as module from 'through2-5';
import { streams } from '../shared/streams.mjs';

const through = module.default ?? module.through ?? module;
const settle = () => new Promise((resolve) => setTimeout(resolve, 10));

export async function suite(kit) {
  const { trace, check } = kit;
  const traced = Object.assign(
    trace((...args) => through(...args)),
    { obj: trace((...args) => through.obj(...args)) },
  );
  await streams(kit, 'through2', (chunks = ['a'], { error, hangs } = {}) => {
    const stream = through();
    for (const chunk of Array.isArray(chunks) ? chunks : ['a']) stream.write(chunk);
    if (error) setTimeout(() => stream.destroy(error), 3);
    else if (!hangs) stream.end();
    return stream;
  });
  await check('transform: this and arguments', async (log) => {
    const stream = traced(
      trace(function (chunk, encoding, done, ...rest) {
        log(this === stream, String(chunk), encoding, rest.length);
        this.push(chunk);
        done(null, 'x');
      }),
      trace(function (done) {
        log('flush', this === stream);
        done();
      }),
    );
    stream.on('data', (chunk) => log('data', String(chunk)));
    for (const name of ['finish', 'end', 'close']) stream.on(name, () => log(name));
    stream.write('a');
    stream.end();
    await settle();
  });
  await check('obj', async (log) => {
    const stream = traced.obj(trace((chunk, encoding, done) => done(null, { ...chunk, b: 2 })));
    stream.on('data', (chunk) => log(chunk));
    stream.end({ a: 1 });
    await settle();
  });
  await check('an error', async (log) => {
    const stream = traced(trace((chunk, encoding, done) => done(new RangeError('mine'))));
    for (const name of ['finish', 'end', 'close', 'error']) stream.on(name, (...args) => log(name, ...args));
    stream.write('a', (...args) => log('written', ...args));
    await settle();
  });
  await check('options', () => {
    const stream = traced({ objectMode: true, highWaterMark: 3 });
    return [stream.readableHighWaterMark, stream.readableObjectMode];
  });
  await check('ctor', async (log) => {
    const Type = through.ctor?.((chunk, encoding, done) => done(null, String(chunk).toUpperCase()));
    if (Type === undefined) return 'none';
    const stream = trace(() => new Type())();
    stream.on('data', (chunk) => log(String(chunk)));
    stream.end('a');
    await settle();
    return stream instanceof Type;
  });
  await check('a chain', async (log) => {
    const upper = trace(() => through((chunk, encoding, done) => done(null, String(chunk).toUpperCase())));
    const stream = traced();
    stream
      .pipe(upper())
      .pipe(upper())
      .on('data', (chunk) => log(String(chunk)));
    stream.end('a');
    await settle();
    return [stream.listenerCount('close'), stream.listenerCount('end'), stream.listenerCount('error')];
  });
  await check('an asynchronous transform', async (log) => {
    const stream = traced(
      (chunk, encoding, done) =>
        void trace(async () => String(chunk))().then((value) => done(null, value), done),
    );
    stream.on('data', (chunk) => log(String(chunk)));
    stream.on('end', () => log('end'));
    stream.write('a');
    stream.end('b');
    await settle();
  });
}
