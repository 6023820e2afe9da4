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

/** `signal-exit`, which execa brings: it listens to signals, and kills the process where nobody else does. */
interface SignalExit {
  readonly count?: number;
}

/**
 * Calls `close` once, at the first of `signals` or when the process has nothing left to do, then lets the process end as
 * it would have: by the same signal if nobody else listens to it, else when and how the others decide.
 *
 * A second signal is not held up.
 *
 * @returns a function that stops listening
 */
export function beforeProcessEnd(signals: readonly string[], close: () => Promise<void>): () => void {
  const { process } = globalThis as { process?: Process };
  if (typeof process?.prependListener !== 'function') return () => {};
  let isClosing = false;

  const raise = (signal: string) => {
    stop();
    process.kill(process.pid, signal);
  };
  const onSignal = (signal: string) => {
    if (isClosing) return raise(signal);
    isClosing = true;
    const isHandledElsewhere = process.listenerCount(signal) > 1 + exitHooks(process);
    // Unless others decide, our listener stays meanwhile: with it gone, the process would end at once.
    if (isHandledElsewhere) stop();
    void close().then(() => isHandledElsewhere || raise(signal));
  };
  const onBeforeExit = () => {
    stop();
    void close();
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

/** How many listeners of each signal only see to it that the process ends. By the names that versions 4 and 3 go by. */
function exitHooks(process: Process & { __signal_exit_emitter__?: SignalExit }): number {
  const { [Symbol.for('signal-exit emitter')]: emitter } = globalThis as Record<
    symbol,
    SignalExit | undefined
  >;
  return (emitter?.count ?? 0) + (process.__signal_exit_emitter__?.count ?? 0);
}
