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
  readonly socket?: { readonly server?: unknown } | null;
  /** HTTP/2 only. */
  readonly stream?: { readonly aborted: boolean; readonly rstCode?: number; readonly errored?: unknown };
  on(event: 'finish' | 'close', listener: () => void): unknown;
  prependListener?(event: 'finish' | 'close', listener: () => void): unknown;
  off(event: 'finish' | 'close', listener: () => void): unknown;
  getMaxListeners?(): number;
  setMaxListeners?(most: number): unknown;
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

/** Tells `observer` how `response` has ended, at once if it has. */
export function onResponseEnd(response: NodeResponse, observer: ResponseObserver): void {
  const end = endOf(response);
  if (end !== undefined) observer(end);
  else if (isServedByNode(response)) onCloseAlone(response, observer);
  else onFinishOrClose(response, observer);
}

/** Whether `close` comes in any case: over HTTP/1, to a response that has got its connection. */
function isServedByNode({ socket, stream }: NodeResponse): boolean {
  return stream === undefined && socket?.server !== undefined;
}

/** One listener, since it is one for every request. When a response is sent, its socket is taken from it; Bun gives it another. */
function onCloseAlone(response: NodeResponse, observer: ResponseObserver): void {
  const { socket } = response;
  const closed = () => {
    response.off('close', closed);
    tell(observer, response.socket === socket ? 'left' : 'sent');
  };
  makeRoom(response);
  listenFirst(response, 'close', closed);
}

/**
 * `finish` comes before `close` and only for a whole response, except over HTTP/2, where it comes for an aborted stream
 * too. On servers that are not Node's, `close` need not come. A response that waits behind others on its connection has no
 * socket yet, and never hears that there will be none: so then the connection is listened to as well.
 */
function onFinishOrClose(response: NodeResponse, observer: ResponseObserver): void {
  const socket = response.socket == null ? response.req?.socket : undefined;
  const connection = typeof socket?.on === 'function' ? connectionListenerOf(socket) : undefined;
  let isTold = false;
  const end = (how: ResponseEnd) => {
    if (isTold) return;
    isTold = true;
    attempt('removing a listener', () => {
      connection?.remove(left);
      response.off('finish', finished);
      response.off('close', left);
    });
    tell(observer, how);
  };
  const finished = () => end(wasCalledOff(response) ? 'left' : 'sent');
  const left = () => end('left');
  makeRoom(response);
  listenFirst(response, 'finish', finished);
  listenFirst(response, 'close', left);
  connection?.add(left);
}

/** Before the others', so that spans end before those of an instrumentation. Servers that are not Node's have no such method. */
function listenFirst(response: NodeResponse, event: 'finish' | 'close', listener: () => void): void {
  if (response.prependListener) response.prependListener(event, listener);
  else response.on(event, listener);
}

/** Node warns of a leak from the eleventh listener on: the application is to have as many of its own as without us. */
function makeRoom(response: NodeResponse): void {
  const most = response.getMaxListeners?.() ?? 0;
  if (most > 0) response.setMaxListeners?.(most + 1);
}

function tell(observer: ResponseObserver, end: ResponseEnd): void {
  attempt('telling of the end of a response', () => observer(end));
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
