type Listener = (signal: string) => void;

/** What is needed of Node's `process`. */
interface Process {
  readonly pid: number;
  on(event: string, listener: Listener): void;
  off(event: string, listener: Listener): void;
  prependListener(event: string, listener: Listener): void;
  listenerCount(event: string): number;
  kill(pid: number, signal: string): void;
}

/**
 * Calls `close` once, at the first of `signals` or when the process has nothing left to do, then lets the process end as
 * it would have: by the same signal if nobody else listens to it, else when and how the others decide.
 *
 * A second signal is not held up: our listeners are gone by then.
 *
 * @returns a function that stops listening
 */
export function beforeProcessEnd(signals: readonly string[], close: () => Promise<void>): () => void {
  const { process } = globalThis as { process?: Process };
  if (typeof process?.prependListener !== 'function') return () => {};

  const onSignal = (signal: string) => {
    const isHandledElsewhere = process.listenerCount(signal) > 1;
    stop();
    void end(isHandledElsewhere ? undefined : signal);
  };
  const onBeforeExit = () => {
    stop();
    void end(undefined);
  };
  const end = async (signal: string | undefined) => {
    await close();
    if (signal !== undefined) process.kill(process.pid, signal);
  };
  const stop = () => {
    for (const signal of signals) process.off(signal, onSignal);
    process.off('beforeExit', onBeforeExit);
  };

  // First in line: a listener for one time only, called before ours, would be gone from the count.
  for (const signal of signals) process.prependListener(signal, onSignal);
  process.on('beforeExit', onBeforeExit);
  return stop;
}
