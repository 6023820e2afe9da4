import { attempt } from '../platform/report.ts';

/** The part of a socket used here. */
export interface Connection {
  readonly destroyed?: boolean;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** The one listener on a connection, however many requests its client pipelines. */
class SharedCloseListener {
  readonly #connection: Connection;
  readonly #waiting = new Set<() => void>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add(onClose: () => void): void {
    if (this.#waiting.size === 0) this.#connection.on('close', this.#closed);
    this.#waiting.add(onClose);
  }

  remove(onClose: () => void): void {
    if (this.#waiting.delete(onClose) && this.#waiting.size === 0) this.#leave();
  }

  readonly #closed = (): void => {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#leave();
    for (const onClose of waiting) onClose();
  };

  #leave(): void {
    attempt('leaving a connection', () => void this.#connection.off('close', this.#closed));
  }
}

const listeners = new WeakMap<Connection, SharedCloseListener>();

/** Calls `onClose` when `connection` closes. @returns what ends the waiting */
export function onConnectionClose(connection: Connection, onClose: () => void): () => void {
  let listener = listeners.get(connection);
  if (listener === undefined) listeners.set(connection, (listener = new SharedCloseListener(connection)));
  listener.add(onClose);
  return () => listener.remove(onClose);
}
