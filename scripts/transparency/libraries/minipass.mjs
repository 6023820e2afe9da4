import { Minipass } from 'minipass';
import { failure } from '../entries.mjs';
import { streams } from '../shared/streams.mjs';
import { thenables } from '../shared/thenables.mjs';

const make = (chunks = ['a'], { error, hangs } = {}) => {
  const stream = new Minipass();
  for (const chunk of Array.isArray(chunks) ? chunks : ['a']) stream.write(chunk);
  if (error) setTimeout(() => stream.destroy(error), 3);
  else if (!hangs) stream.end();
  return stream;
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 10));

export async function suite(kit) {
  const { trace, check } = kit;
  await streams(kit, 'Minipass', make);
  const ending = (stream) => {
    const promise = stream.promise();
    stream.resume();
    return promise;
  };
  await thenables(kit, 'promise()', {
    make: () => ending(make()),
    fail: () => ending(make(['a'], { error: new RangeError('mine') })),
  });
  await check('synchronous: data comes within write()', (log) => {
    const stream = trace(() => new Minipass())();
    stream.on('data', (chunk) => log(String(chunk)));
    for (const name of ['end', 'finish', 'prefinish', 'close']) stream.on(name, () => log(name));
    log('before');
    const answers = [stream.write('a'), stream.end('b') === stream];
    log('after');
    return answers;
  });
  await check('end that was emitted is told to late listeners', async (log) => {
    const stream = trace(make)(['a']);
    stream.resume();
    await settle();
    stream.on('end', () => log('end'));
    stream.on('close', () => log('close'));
    await settle();
    return stream.emittedEnd;
  });
  await check('nothing flows before somebody listens', async () => {
    const stream = trace(make)(['a', 'b']);
    const before = [stream.flowing, stream.bufferLength, stream.emittedEnd, stream.listenerCount('data')];
    await settle();
    const after = [stream.flowing, stream.bufferLength, stream.emittedEnd, stream.listenerCount('data')];
    stream.resume();
    return [before, after];
  });
  await check('collect and concat', async () => [
    (await trace(make)(['a', 'b']).collect()).map(String),
    String(await trace(make)(['a', 'b']).concat()),
    await failure(() => trace(make)(['a'], { error: new RangeError('mine') }).collect()),
  ]);
  await check('traced: collect', async () => {
    const stream = make(['a']);
    return (await trace((...args) => stream.collect(...args))()).map(String);
  });
  await check('sync iteration', (log) => {
    for (const chunk of trace(make)(['a', 'b'])) log(String(chunk));
  });
  await check('object mode and async mode', async (log) => {
    const stream = trace(() => new Minipass({ objectMode: true, async: true }))();
    stream.on('data', (chunk) => log(chunk));
    stream.write({ a: 1 });
    log('written');
    stream.end();
    await settle();
  });
  await check('pipe: proxied errors', async (log) => {
    const source = trace(() => new Minipass())();
    const sink = new Minipass();
    sink.on('error', (error) => log(error));
    source.pipe(sink, { proxyErrors: true });
    source.emit('error', new RangeError('mine'));
    return source.unpipe(sink);
  });
  await check('a signal', async (log) => {
    const controller = new AbortController();
    const stream = trace(({ signal }) => new Minipass({ signal }))(controller);
    stream.on('abort', (reason) => log('abort', reason));
    controller.abort('enough');
    return [stream.aborted, stream.destroyed];
  });
  await check('a class', async (log) => {
    class Upper extends Minipass {
      write(chunk, ...rest) {
        log(rest.length);
        return super.write(String(chunk).toUpperCase(), ...rest);
      }
      flushNow() {
        return this.end('.');
      }
    }
    trace.class(Upper);
    const stream = new Upper({ encoding: 'utf8' });
    stream.on('data', (chunk) => log(chunk));
    stream.write('a', 'utf8', () => log('written'));
    return stream.flushNow() === stream;
  });
  await check('Minipass.isStream', () => Minipass.isStream(trace(make)()));
}
