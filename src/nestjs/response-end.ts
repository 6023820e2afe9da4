import { attempt } from '../platform/report.ts';
import { type Connection, onConnectionClose } from './connection-close.ts';

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
  /** HTTP/2 only. */
  readonly stream?: { readonly aborted: boolean; readonly rstCode?: number };
  on(event: 'finish' | 'close', listener: () => void): unknown;
  off(event: 'finish' | 'close', listener: () => void): unknown;
  setHeader(name: string, value: string): unknown;
}

/** `sent`: handed to the operating system, to the last byte. `left`: the connection closed before that. */
export type ResponseEnd = 'sent' | 'left';

export type ResponseObserver = (end: ResponseEnd) => void;

/**
 * Hears how one response ends, for all who want to know, and leaves no listener.
 *
 * `finish` comes before `close` and only for a whole response, except over HTTP/2, where it comes for an aborted stream
 * too. A response that waits behind others on its connection has no socket yet, and never hears that there will be none:
 * so the connection is watched as well.
 */
class ResponseWatch {
  readonly #response: NodeResponse;
  readonly #observers = new Set<ResponseObserver>();
  readonly #leaveConnection: (() => void) | undefined;

  constructor(response: NodeResponse) {
    this.#response = response;
    response.on('finish', this.#finished);
    response.on('close', this.#closed);
    const connection = response.req?.socket;
    if (typeof connection?.on === 'function')
      this.#leaveConnection = onConnectionClose(connection, this.#closed);
  }

  add(observer: ResponseObserver): void {
    this.#observers.add(observer);
  }

  readonly #finished = (): void => this.#tell(isReset(this.#response) ? 'left' : 'sent');
  readonly #closed = (): void => this.#tell('left');

  #tell(end: ResponseEnd): void {
    const response = this.#response;
    watches.delete(response);
    attempt('leaving a response', () => {
      response.off('finish', this.#finished);
      response.off('close', this.#closed);
    });
    this.#leaveConnection?.();
    // Who came later works for who came before: it is told first.
    for (const observer of [...this.#observers].reverse())
      attempt('telling of the end of a response', () => observer(end));
  }
}

const watches = new WeakMap<NodeResponse, ResponseWatch>();

/** Tells `observer` how `response` has ended, at once if it has. */
export function onResponseEnd(response: NodeResponse, observer: ResponseObserver): void {
  const end = endOf(response);
  if (end !== undefined) return observer(end);
  let watch = watches.get(response);
  if (watch === undefined) watches.set(response, (watch = new ResponseWatch(response)));
  watch.add(observer);
}

/** @returns `undefined` as long as it has not ended */
function endOf(response: NodeResponse): ResponseEnd | undefined {
  const { writableEnded, writableFinished, destroyed, req } = response;
  if (writableEnded && writableFinished) return 'sent';
  return destroyed || req?.socket?.destroyed ? 'left' : undefined;
}

/** Whether the client has called an HTTP/2 stream off. */
function isReset({ stream }: NodeResponse): boolean {
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
