import { execa, execaNode, execaSync, $ } from 'execa';
import { failure } from '../entries.mjs';
import { streams } from '../shared/streams.mjs';
import { thenables } from '../shared/thenables.mjs';

const node = process.execPath;
const brief = (value) => value?.stdout ?? value;
const words = ({
  name,
  shortMessage,
  exitCode,
  isTerminated,
  isCanceled,
  timedOut,
  isGracefullyCanceled,
}) => ({
  name,
  shortMessage: shortMessage?.replaceAll(node, 'node'),
  exitCode,
  isTerminated,
  isCanceled,
  timedOut,
  isGracefullyCanceled,
});

export async function suite(kit) {
  const { trace, check } = kit;
  const echo = () => execa('echo', ['hello']);
  await thenables(kit, 'subprocess', {
    patience: 100,
    make: echo,
    fail: () =>
      execa('false').then(
        () => {},
        () => {
          throw new RangeError('mine');
        },
      ),
    brief,
  });
  const run = trace((...args) => execa('echo', args.map(String)));
  await check('the shape', async () => {
    const child = run('a');
    const shape = [
      child.constructor.name,
      typeof child.pid,
      typeof child.kill,
      child.stdout.constructor.name,
      child.listenerCount('exit'),
      child.listenerCount('error'),
      child.listenerCount('close'),
      child.eventNames().toSorted(),
      typeof child.pipe,
      typeof child.iterable,
      child.connected,
    ];
    await child;
    return shape;
  });
  await check('its result', async () => {
    const { stdout, exitCode, failed, command } = await run('a', undefined);
    return [stdout, exitCode, failed, command];
  });
  await check('events', async (log) => {
    const child = run('a');
    for (const name of ['spawn', 'exit', 'close', 'error']) child.on(name, (...args) => log(name, ...args));
    await child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await check('lines: for await', async (log) => {
    for await (const line of trace(() => execa('printf', ['a\\nb\\nc\\n']))()) log(line);
  });
  await check('lines: iterable()', async (log) => {
    for await (const line of trace(() => execa('printf', ['a\\nb\\n']))().iterable()) log(line);
  });
  await check('lines, left early', async (log) => {
    const child = trace(() => execa('printf', ['a\\nb\\n']))();
    for await (const line of child) {
      log(line);
      break;
    }
    return (await child).exitCode;
  });
  await check('stdout is a stream', async (log) => {
    const child = run('a');
    child.stdout.on('data', (chunk) => log(String(chunk)));
    child.stdout.on('end', () => log('end'));
    await child;
  });
  await check('pipe', async () => {
    const piped = run('a').pipe('cat');
    const { stdout, pipedFrom } = await piped;
    return [stdout, pipedFrom.length, typeof piped.pipe];
  });
  await check(
    'pipe of traced processes',
    async () => (await run('a').pipe(trace(() => execa('cat'))())).stdout,
  );
  await check('duplex(), readable()', async (log) => {
    for await (const chunk of run('a').readable()) log(String(chunk));
  });
  await check('stdin', async () => {
    const child = trace(() => execa('cat'))();
    child.stdin.end('written');
    return (await child).stdout;
  });
  await check('input', async () => (await trace(() => execa('cat', { input: 'given' }))()).stdout);
  await check('an exit code', async () => words(await failure(() => trace(() => execa('false'))())));
  await check('an exit code, not thrown', async () => {
    const { failed, exitCode } = await trace(() => execa('false', { reject: false }))();
    return [failed, exitCode];
  });
  await check('an exit code, heard by nobody', async () => {
    trace(() => execa('false'))();
    await new Promise((resolve) => setTimeout(resolve, 80));
  });
  await check('no such program', async () => {
    const error = await failure(() => trace(() => execa('no-such-program'))());
    return [error.code, error.failed];
  });
  await check('kill', async () => {
    const child = trace(() => execa('sleep', ['5']))();
    const answer = child.kill();
    return [answer, words(await failure(() => child)), child.killed];
  });
  await check('kill with an error', async () => {
    const child = trace(() => execa('sleep', ['5']))();
    child.kill(new RangeError('mine'));
    const error = await failure(() => child);
    return [error.name, error.cause];
  });
  await check('a signal', async () => {
    const controller = new AbortController();
    const child = trace(({ signal }) => execa('sleep', ['5'], { cancelSignal: signal }))(controller);
    setTimeout(() => controller.abort(new RangeError('enough')), 10);
    return words(await failure(() => child));
  });
  await check('timeout', async () =>
    words(await failure(() => trace(() => execa('sleep', ['5'], { timeout: 20 }))())),
  );
  await check('all: an interleaved stream', async () =>
    (await trace(() => execa('sh', ['-c', 'echo a; echo b >&2'], { all: true }))()).all
      .split('\n')
      .toSorted(),
  );
  await check('$ as a tag and with options', async () => [
    (await trace((...args) => $(...args))`echo ${'a b'}`).stdout,
    (await $({ stdin: 'ignore' })`echo c`).stdout,
  ]);
  await check('$ traced keeps its members', () => {
    const traced = trace($);
    return [typeof traced.sync, traced.name === $.name, traced.length === $.length];
  });
  await check('execaSync', () => trace(execaSync)('echo', ['a']).stdout);
  await check('execaSync: an error', async () => words(await failure(() => trace(execaSync)('false'))));
  await check('execaNode and messages', async (log) => {
    const child = trace(() =>
      execa(
        node,
        ['-e', 'process.on("message", (message) => { process.send([message]); process.disconnect(); })'],
        { ipc: true, serialization: 'json' },
      ),
    )();
    const heard = child.getOneMessage();
    await child.sendMessage('a');
    log(await heard);
    return [(await child).exitCode, typeof execaNode];
  });
  await check(
    'a generator as a transform',
    async () =>
      (
        await trace(() =>
          execa('printf', ['a\\nb\\n'], {
            stdout: trace(function* (line, ...rest) {
              yield `${line}!${rest.length}`;
            }),
          }),
        )()
      ).stdout,
  );
  await check('a class', async () => {
    class Shell {
      program = 'echo';
      run(...args) {
        return execa(this.program, args.map(String));
      }
      async words(...args) {
        return (await this.run(...args)).stdout;
      }
    }
    trace.class(Shell);
    return [await new Shell().words(1, undefined), (await new Shell().run('a').pipe('cat')).stdout];
  });
  await streams(kit, 'a stream of a process', (chunks = ['a'], { error, hangs } = {}) => {
    const child = execa(
      hangs ? 'sh' : 'printf',
      hangs
        ? ['-c', `printf %s ${chunks.join('')}; sleep 5`]
        : ['%s', Array.isArray(chunks) ? chunks.join('') : 'a'],
      { buffer: false },
    );
    child.catch(() => {});
    if (hangs) child.stdout.on('close', () => child.kill());
    if (error) child.stdout.once('data', () => child.stdout.destroy(error));
    return child.stdout;
  });
}
