// Each kind of value that a function returns: `work(gate, fail)` starts the work and returns the value; `use(value)` is
// what a caller does with it, and answers whether the value was what the function had returned, unharmed.
// The work goes on until `gate` opens, and with `fail` it then fails. `isOver`: when the call returns there is no more work.

import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import Bluebird from 'bluebird';
import OpenAI from 'openai';
import { createStore } from 'redux';
import superagent from 'superagent';
import * as streamx from 'streamx';
import { firstValueFrom, Observable, toArray } from 'rxjs';

const FAILURE = 'the work failed';

async function gated(gate, fail) {
  await gate;
  if (fail) throw new Error(FAILURE);
  return 'value';
}

class Query {
  executed = 0;
  #tables = [];
  constructor(gate, fail) {
    this.run = () => {
      this.executed++;
      return gated(gate, fail);
    };
  }
  from(table) {
    this.#tables.push(table);
    return this;
  }
  then(onDone, onFailed) {
    return this.run().then(onDone, onFailed);
  }
}

let api;
async function startApi() {
  if (api) return api;
  let answer;
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  server.unref();
  const client = new OpenAI({
    apiKey: 'none',
    baseURL: `http://127.0.0.1:${server.address().port}`,
    maxRetries: 0,
  });
  return (api = {
    client,
    set answer(fn) {
      answer = fn;
    },
  });
}

export const kinds = {
  'value, or a throw': {
    isAwaited: false,
    isOver: true,
    work(_gate, fail) {
      if (fail) throw new Error(FAILURE);
      return 'value';
    },
    use: async (value) => value === 'value',
  },

  promise: {
    isAwaited: true,
    work: gated,
    use: async (value) => value instanceof Promise && (await value) === 'value',
  },

  "promise with methods (openai's `APIPromise`)": {
    isAwaited: true,
    prepare: startApi,
    work(gate, fail) {
      api.answer = async (response) => {
        await gate;
        response.writeHead(fail ? 500 : 200, { 'content-type': 'application/json' });
        response.end('{"data":[]}');
      };
      return api.client.models.list();
    },
    use: async (value) => {
      if (typeof value.withResponse === 'function') return (await value.withResponse()).response.ok;
      await value;
      return false;
    },
  },

  'promise of a library (Bluebird), consumed by `asCallback`': {
    isAwaited: true,
    work: (gate, fail) => new Bluebird((resolve, reject) => void gated(gate, fail).then(resolve, reject)),
    use: (value) =>
      new Promise((resolve) => {
        if (typeof value.asCallback === 'function')
          value.asCallback((_error, result) => resolve(result === 'value'));
        else value.then(undefined, () => {}).then(() => resolve(false));
      }),
  },

  'request that a callback runs (superagent, `end`)': {
    isAwaited: true,
    prepare: startApi,
    work(gate, fail) {
      api.answer = async (response) => {
        await gate;
        response.writeHead(fail ? 500 : 200, { 'content-type': 'application/json' });
        response.end('{}');
      };
      return superagent.get(api.client.baseURL);
    },
    use: (value) =>
      new Promise((resolve) => {
        if (typeof value.end === 'function') value.end((_error, response) => resolve(response?.ok === true));
        else
          value.then(
            () => resolve(false),
            () => resolve(false),
          );
      }),
  },

  'lazy query (Knex, Prisma, Mongoose)': {
    isAwaited: true,
    work: (gate, fail) => new Query(gate, fail),
    use: async (value) => {
      const chained = typeof value.from === 'function' ? value.from('orders') : value;
      await chained;
      return value.executed === 1;
    },
  },

  generator: {
    isAwaited: false,
    *work(_gate, fail) {
      yield 'value';
      if (fail) throw new Error(FAILURE);
    },
    use: async (value) =>
      [...value].join() === 'value' && Object.prototype.toString.call(value) === '[object Generator]',
  },

  'async generator': {
    isAwaited: false,
    async *work(gate, fail) {
      yield await gated(gate, fail);
    },
    use: async (value) => {
      const got = [];
      for await (const item of value) got.push(item);
      return got.join() === 'value';
    },
  },

  'RxJS observable': {
    isAwaited: false,
    work: (gate, fail) =>
      new Observable((subscriber) => {
        gated(gate, fail).then(
          (item) => (subscriber.next(item), subscriber.complete()),
          (error) => subscriber.error(error),
        );
      }),
    use: async (value) =>
      value instanceof Observable && (await firstValueFrom(value.pipe(toArray()))).join() === 'value',
  },

  'store with `subscribe` (Redux)': {
    isAwaited: false,
    isOver: true,
    work(_gate, fail) {
      if (fail) throw new Error(FAILURE);
      return createStore((count = 0, { type }) => (type === 'add' ? count + 1 : count));
    },
    use: async (store) => {
      let heard = 0;
      store.subscribe(() => heard++);
      store.dispatch({ type: 'add' });
      return heard === 1 && store.getState() === 1;
    },
  },

  'Node stream': {
    isAwaited: false,
    work: (gate, fail) =>
      Readable.from(
        (async function* () {
          yield await gated(gate, fail);
        })(),
      ),
    use: async (value) => {
      if (!(value instanceof Readable)) return false;
      const got = [];
      for await (const chunk of value) got.push(chunk);
      return got.join() === 'value';
    },
  },

  'stream of userland (streamx)': {
    isAwaited: false,
    work: (gate, fail) =>
      new streamx.Readable({
        async read(done) {
          try {
            this.push(await gated(gate, fail));
            this.push(null);
            done(null);
          } catch (error) {
            done(error);
          }
        },
      }),
    use: async (value) => {
      const got = [];
      for await (const chunk of value) got.push(chunk);
      return got.join() === 'value';
    },
  },

  'web `ReadableStream`': {
    isAwaited: false,
    work: (gate, fail) =>
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(await gated(gate, fail));
          controller.close();
        },
      }),
    use: async (value) => {
      if (!(value instanceof ReadableStream) || value.locked) return false;
      const got = [];
      for await (const chunk of value) got.push(chunk);
      return got.join() === 'value';
    },
  },
};
