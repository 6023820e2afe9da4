import { attempt } from '../platform/report.ts';
import { oneFor, SharedListener } from '../platform/shared-listener.ts';

/** The part of a socket used here. */
export interface Connection {
  readonly destroyed?: boolean;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** The parts of a response of `node:http` or `node:http2` used here. */
export interface NodeResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableFinished?: boolean;
  readonly destroyed?: boolean;
  /** The error that the server destroyed the response with. */
  readonly errored?: unknown;
  readonly req?: { readonly socket?: Connection | null };
  /** None as long as the response waits behind others on its connection. */
  readonly socket?: object | null;
  /** HTTP/2 only. */
  readonly stream?: { readonly aborted: boolean; readonly rstCode?: number; readonly errored?: unknown };
  on(event: 'finish' | 'close', listener: () => void): unknown;
  rawListeners?(event: 'finish'): Function[];
  prependListener?(event: 'finish' | 'close', listener: () => void): unknown;
  off(event: 'finish' | 'close', listener: () => void): unknown;
  hasHeader(name: string): boolean;
  setHeader(name: string, value: string): unknown;
}

/** `sent`: handed to the operating system, to the last byte. `left`: the connection closed before that. */
export type ResponseEnd = 'sent' | 'left';

export type ResponseObserver = (end: ResponseEnd) => void;

/** Hears that a connection has closed, however many requests its client pipelines. */
class ConnectionListener extends SharedListener<() => void> {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
  }

  protected override listen(): void {
    this.#connection.on('close', this.#closed);
  }

  protected override unlisten(): void {
    this.#connection.off('close', this.#closed);
  }

  readonly #closed = (): void => this.tell((onClose) => onClose());
}

const connectionListenerOf = oneFor((connection: Connection) => new ConnectionListener(connection));

const OBSERVERS = Symbol('observers');

/** Our listener for `finish`: who hears by it is found through it, since a field of the response would make that one slower. */
interface Finished {
  (): void;
  [OBSERVERS]?: ResponseObserver[];
}

/** Who waits for the end of a response already. */
function observersOf(response: NodeResponse): ResponseObserver[] | undefined {
  const listeners = response.rawListeners?.('finish') as Finished[] | undefined;
  return listeners?.find((listener) => OBSERVERS in listener)?.[OBSERVERS];
}

/**
 * Tells `observer` how `response` has ended, at once if it has.
 *
 * The latest comer first: who came later works for who came before, so that children end before their parents, those of an
 * instrumentation included. One listener for all of them: from the eleventh on, with those of the application, Node warns.
 */
export function onResponseEnd(response: NodeResponse, observer: ResponseObserver): void {
  const end = endOf(response);
  if (end !== undefined) return observer(end);
  const observers = observersOf(response);
  // None are left of a response that has ended, and does not say so.
  if (observers !== undefined && observers.length > 0) observers.push(observer);
  else listen(response, observer);
}

function listen(response: NodeResponse, observer: ResponseObserver): void {
  const observers = [observer];
  // One that waits behind others on its connection has no socket yet, and never hears that there will be none.
  const waitsFor = response.socket == null ? response.req?.socket : undefined;
  const connection = typeof waitsFor?.on === 'function' ? connectionListenerOf(waitsFor) : undefined;
  const stop = () => {
    connection?.remove(closed);
    response.off('finish', finished);
    response.off('close', closed);
  };
  const tell = (how: ResponseEnd) => {
    attempt('removing a listener', stop);
    for (const each of observers.splice(0).reverse())
      attempt('telling of the end of a response', () => each(how));
  };
  // It comes before `close` and only for a whole response, except over HTTP/2, where it comes for an aborted stream, too.
  const finished: Finished = () => tell(wasCalledOff(response) ? 'left' : 'sent');
  finished[OBSERVERS] = observers;
  const closed = () => tell('left');
  // Servers that are not Node's have responses with less.
  const add = response.prependListener ?? response.on;
  Reflect.apply(add, response, ['finish', finished]);
  Reflect.apply(add, response, ['close', closed]);
  connection?.add(closed);
}

/** Tells `observer` that `connection` has closed, at once if it has. */
export function onConnectionClose(connection: Connection, observer: () => void): void {
  if (connection.destroyed) return observer();
  connectionListenerOf(connection).add(observer);
}

/** @returns `undefined` as long as it has not ended */
function endOf(response: NodeResponse): ResponseEnd | undefined {
  if (response.writableEnded && response.writableFinished) return 'sent';
  return response.destroyed || response.req?.socket?.destroyed ? 'left' : undefined;
}

/** Whether the client has called an HTTP/2 stream off. */
function wasCalledOff({ stream }: NodeResponse): boolean {
  return stream !== undefined && (stream.aborted || (stream.rstCode ?? 0) !== 0);
}

/** @returns the Node response behind what an adapter gives a handler, if there is one */
export function nodeResponse(response: unknown): NodeResponse | undefined {
  const found = attempt('looking at a response', () => {
    const raw: unknown = (response as { raw?: unknown } | undefined)?.raw ?? response;
    return typeof (raw as Partial<NodeResponse> | undefined)?.on === 'function' ? { raw } : undefined;
  });
  return found?.raw as NodeResponse | undefined;
}
