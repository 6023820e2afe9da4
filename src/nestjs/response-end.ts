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

/**
 * Tells `observer` how `response` has ended, at once if it has, and who asked last first.
 *
 * `finish` comes before `close` and only for a whole response, except over HTTP/2, where it comes for an aborted stream
 * too. On servers that are not Node's, `close` need not come. A response that waits behind others on its connection has no
 * socket yet, and never hears that there will be none: so then the connection is listened to as well.
 */
export function onResponseEnd(response: NodeResponse, observer: ResponseObserver): void {
  const known = endOf(response);
  if (known !== undefined) return observer(known);
  const connection = connectionAwaitedBy(response);
  let isTold = false;
  const end = (how: ResponseEnd) => {
    if (isTold) return;
    isTold = true;
    attempt('removing a listener', () => {
      response.off('finish', finished);
      response.off('close', closed);
      connection?.remove(lost);
    });
    attempt('telling of the end of a response', () => observer(how));
  };
  const finished = () => end(wasCalledOff(response) ? 'left' : 'sent');
  const closed = () => end('left');
  // Once it has its socket, it hears of that itself, and with it all that came later.
  const lost = () => {
    if (response.socket == null) end('left');
  };
  listenFirst(response, 'finish', finished);
  listenFirst(response, 'close', closed);
  connection?.add(lost);
}

function connectionAwaitedBy({ socket, req }: NodeResponse): ConnectionListener | undefined {
  const awaited = socket == null ? req?.socket : undefined;
  return typeof awaited?.on === 'function' ? connectionListenerOf(awaited) : undefined;
}

/** Before the others', so that spans end before those of an instrumentation. Servers that are not Node's have no such method. */
function listenFirst(response: NodeResponse, event: 'finish' | 'close', listener: () => void): void {
  if (response.prependListener) response.prependListener(event, listener);
  else response.on(event, listener);
}

/** Tells `observer` that `connection` has closed, at once if it has. */
export function onConnectionClose(connection: Connection, observer: () => void): void {
  if (connection.destroyed) return observer();
  connectionListenerOf(connection).add(observer);
}

/** @returns `undefined` as long as it has not ended */
function endOf(response: NodeResponse): ResponseEnd | undefined {
  const { writableEnded, writableFinished, destroyed, req } = response;
  if (writableEnded && writableFinished) return 'sent';
  return destroyed || req?.socket?.destroyed ? 'left' : undefined;
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
