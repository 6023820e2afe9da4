import 'reflect-metadata';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, Type } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { beforeEach, vi } from 'vitest';
import type { DynamicModule } from '@nestjs/common';

// Servers and clients have timers of their own, and wait for them.
beforeEach(() => {
  vi.useRealTimers();
});

export const adapters: [string, () => AbstractHttpAdapter][] = [
  ['express', () => new ExpressAdapter()],
  ['fastify', () => new FastifyAdapter()],
];

/** Listeners that `src/nestjs` has added to a request, response or socket. */
class ListenerLog {
  readonly added: { emitter: EventEmitter; event: string; listener: () => void }[] = [];

  follow(emitter: EventEmitter): void {
    for (const method of ['on', 'prependListener'] as const) {
      const add = emitter[method].bind(emitter);
      emitter[method] = (event, listener) => {
        // By the caller: a whole application may be handled below us.
        if (new Error().stack!.split('\n')[2]!.includes('/src/nestjs/'))
          this.added.push({ emitter, event: String(event), listener: listener as () => void });
        return add(event, listener);
      };
    }
  }

  left(): string[] {
    return this.added
      .filter(({ emitter, event, listener }) => emitter.listeners(event).includes(listener))
      .map(({ emitter, event }) => `${event} on ${emitter.constructor.name}`);
  }
}

/** An application that listens on a port of its own, and what has come and gone there. */
export class Served implements AsyncDisposable {
  readonly app: INestApplication;
  readonly url: string;
  readonly port: number;
  readonly listeners = new ListenerLog();
  readonly #server: Server;
  readonly #responses: ServerResponse[] = [];

  constructor(app: INestApplication) {
    this.app = app;
    this.#server = app.getHttpServer() as Server;
    this.port = (this.#server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
    this.#server.on('connection', (socket) => this.listeners.follow(socket));
    this.#server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#responses.push(response);
      for (const emitter of [request, response]) this.listeners.follow(emitter);
    });
  }

  /** Waits until the first so many responses, or all, have ended, or their connections have. */
  async settled(count = this.#responses.length): Promise<void> {
    for (const response of this.#responses.slice(0, count)) {
      const { socket } = response.req;
      if (response.closed || socket.closed) continue;
      // Not `once` of node:events, which rejects for a connection that was reset.
      await new Promise<unknown>((resolve) => {
        response.once('close', resolve);
        socket.once('close', resolve);
      });
    }
    // A socket is closed a tick before it says so.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An HTTP/2 server has no such method.
    this.#server.closeAllConnections?.();
    await this.app.close();
  }
}

export async function serve(
  module: Type | DynamicModule,
  adapter: AbstractHttpAdapter,
  prepare: (app: INestApplication) => void = () => {},
): Promise<Served> {
  const app = await NestFactory.create(module, adapter, { logger: false, abortOnError: false });
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return new Served(app);
}
