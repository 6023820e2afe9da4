import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** The service that the recipes ask, until the test has finished: it has everything but hats, and may take its time. */
export class Stock {
  /** The `traceparent` of each request. */
  readonly askedBy: unknown[] = [];
  /** Called in place of the answer. */
  hold: ((answer: () => void) => void) | undefined;
  readonly #server = createServer((request, response) => this.#serve(request, response));

  static async open(): Promise<Stock> {
    const stock = new Stock();
    await new Promise<void>((resolve) => stock.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      stock.#server.closeAllConnections();
      await new Promise((resolve) => stock.#server.close(resolve));
    });
    return stock;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #serve({ headers, url }: IncomingMessage, response: ServerResponse): void {
    this.askedBy.push(headers['traceparent']);
    const answer = () => {
      if (url === '/hat') response.writeHead(409).end('out of stock');
      else response.writeHead(204).end();
    };
    if (this.hold) this.hold(answer);
    else answer();
  }
}
