// Asks for requests in a process of its own, so that its work is not counted: `{ port, path, requests }` by message. On a few connections
// that are kept, each with one request after the other, and as little work as can be.

import { connect } from 'node:net';
import { AT_ONCE } from './at-once.mjs';

const CONNECTIONS = 16;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** One connection: resolves to nothing when as many responses have come as were asked for. */
class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #heard;

  constructor(port) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay();
    this.#socket.on('data', (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#read();
    });
  }

  ask(path) {
    return new Promise((resolve) => {
      this.#heard = resolve;
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    });
  }

  #read() {
    const head = this.#received.indexOf(END_OF_HEAD);
    if (head < 0) return;
    const text = this.#received.latin1Slice(0, head);
    const end = head + END_OF_HEAD.length + Number(/content-length: (\d+)/i.exec(text)[1]);
    if (this.#received.length < end) return;
    this.#received = this.#received.subarray(end);
    this.#heard(text.slice(9, 12));
  }
}

const connections = new Map();

async function ask({ port, id, status, requests }) {
  if (!connections.has(port))
    connections.set(
      port,
      Array.from({ length: CONNECTIONS }, () => new Connection(port)),
    );
  let asked = 0;
  const run = async (connection) => {
    while (asked < requests) {
      const answered = await connection.ask(`/orders/${asked++ % AT_ONCE}/${id}`);
      if (answered !== status) throw new Error(`answered with ${answered}, not ${status}`);
    }
  };
  await Promise.all(connections.get(port).map(run));
}

process.on('message', async (asked) => {
  try {
    await ask(asked);
    process.send({});
  } catch (error) {
    process.send({ failure: String(error) });
  }
});
