// The application of app/, served by a process of its own with one contender in it, and what a client does with it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { BIN } from '../../scripts/consumer.mjs';

const LIMIT_MS = 30_000;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Served {
  output = '';
  #child;
  #port;
  #tcpPort;
  #asked = new Map();

  /**
   * @param options `app`: `http`, `messages`, `hybrid` or `background`; `alone`: without HTTP instrumentation;
   * `environment`: more variables; `flags`: of Node
   */
  static async start(
    folder,
    contender,
    { adapter = 'express', app = 'http', alone = false, environment = {}, flags = [] } = {},
  ) {
    const served = new Served();
    served.#tcpPort = await freePort();
    const env = {
      ...process.env,
      NO_COLOR: '1',
      CONTENDER: contender.key,
      ADAPTER: adapter,
      APP: app,
      ALONE: alone ? '1' : '',
      TCP_PORT: String(served.#tcpPort),
      ...environment,
    };
    delete env.NODE_OPTIONS;
    const child = spawn(join(BIN, 'node'), [...flags, join(folder, 'out/main.js')], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    served.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (served.output += text));
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const first = await new Promise((resolve) => {
      child.once('message', resolve);
      child.once('exit', (code, signal) => resolve({ failure: `ended with ${code ?? signal}` }));
    });
    clearTimeout(limit);
    if (first.failure !== undefined) {
      child.kill('SIGKILL');
      throw new Error(`${first.failure}\n${served.output.slice(-2000)}`);
    }
    served.#port = first.port;
    child.on('message', ({ id, ...said }) => {
      served.#asked.get(id)?.(said);
      served.#asked.delete(id);
    });
    child.once('exit', () => {
      for (const answer of served.#asked.values()) answer({ failure: 'the process has ended' });
    });
    return served;
  }

  async ask(act, argument) {
    const id = Math.random();
    const said = new Promise((resolve) => {
      this.#asked.set(id, resolve);
      setTimeout(resolve, LIMIT_MS, { failure: `no answer to ${act} ${argument ?? ''}` }).unref();
    });
    this.#child.send({ id, act, argument });
    const { answer, failure } = await said;
    if (failure !== undefined) throw new Error(failure);
    return answer;
  }

  /** Begins a request, on a connection of its own. */
  async begin(method, path, { headers = {}, body } = {}) {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const request = httpRequest({
      host: '127.0.0.1',
      port: this.#port,
      method,
      path,
      agent: false,
      headers: {
        ...headers,
        ...(json && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
      },
    });
    const response = once(request, 'response').then(([found]) => found);
    response.catch(() => {});
    request.on('error', () => {});
    request.end(json);
    return { request, response };
  }

  /** @returns status and body, and then what became of it in the server */
  async get(path, options = {}) {
    const { response } = await this.begin(options.method ?? 'GET', path, options);
    const answer = await response;
    let text = '';
    for await (const chunk of answer) text += chunk;
    return { status: answer.statusCode, text, ...(await this.ask('spans')) };
  }

  /** The same, with nothing of an earlier request in it. */
  async getAnew(path, options) {
    await this.ask('clear');
    return this.get(path, options);
  }

  /** A message in the words of Nest's TCP transport. @returns the answer to it, unless it is an event */
  async send(packet, { isEvent = false } = {}) {
    const socket = connect(this.#tcpPort, '127.0.0.1');
    await once(socket, 'connect');
    const json = JSON.stringify({ ...packet, ...(!isEvent && { id: '1' }) });
    socket.write(`${json.length}#${json}`);
    let text = '';
    if (isEvent) await this.ask('passed', packet.pattern);
    else [text] = await once(socket, 'data');
    socket.destroy();
    return String(text);
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
