import OpenAI from 'openai';
import { failure } from '../entries.mjs';
import { inParts, withServer } from '../shared/server.mjs';
import { thenables } from '../shared/thenables.mjs';

export const suite = (kit) =>
  withServer(async (url, counts) => {
    const { trace, check } = kit;
    const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0, timeout: 2000 });
    const messages = [{ role: 'user', content: 'hi' }];
    const create = (options) => client.chat.completions.create({ model: 'm', messages, ...options });
    const brief = (value) => value?.choices?.[0].message.content ?? value;
    await thenables(kit, 'APIPromise', {
      patience: 100,
      make: () => create(),
      fail: () =>
        client.chat.completions.create({ model: 'missing', messages }).then(
          () => {},
          () => {
            throw new RangeError('mine');
          },
        ),
      runs: () => counts.requests,
      brief,
    });
    await thenables(kit, 'APIPromise, rejected', {
      patience: 100,
      make: () => create(),
      fail: () => create({ model: 'missing' }),
      brief,
      goesUnhandled: false,
    });
    const ask = trace((options, ...rest) => create({ ...options, user: String(rest.length) }));
    await check('withResponse()', async () => {
      const { data, response, request_id: id } = await ask().withResponse();
      return [brief(data), response.status, id];
    });
    await check('asResponse()', async () => {
      const response = await ask().asResponse();
      return [response.status, response.bodyUsed, brief(await response.json())];
    });
    await check('asResponse() and the value', async () => {
      const promise = ask();
      return [(await promise.asResponse()).status, await failure(() => promise)].map((one) =>
        one instanceof Error ? one.name : one,
      );
    });
    await check('withResponse() within', async () => {
      const { data } = await trace(() => create().withResponse())();
      return brief(data);
    });
    await check('_thenUnwrap', async () => {
      const other = ask()._thenUnwrap((data, props) => [brief(data), Object.keys(props).toSorted()]);
      return [other.constructor.name, await other];
    });
    await check('the shape', async () => {
      const promise = ask();
      const shape = [
        promise.constructor.name,
        promise instanceof OpenAI.prototype.constructor,
        promise instanceof Promise,
        Object.prototype.toString.call(promise),
        Object.keys(promise).toSorted(),
      ];
      await promise;
      return shape;
    });
    await check('runs once', async () => {
      const before = counts.requests;
      const promise = ask();
      await promise;
      await promise;
      await promise.withResponse();
      return counts.requests - before;
    });
    await check('an error', async () => {
      const error = await failure(() => ask({ model: 'missing' }));
      return [inParts(error), error instanceof OpenAI.NotFoundError, error.type, error.requestID];
    });
    await check('an error, withResponse()', async () =>
      inParts(await failure(() => ask({ model: 'missing' }).withResponse())),
    );
    await check('an error, catch', () =>
      ask({ model: 'missing' }).catch((...errors) => [errors.length, errors[0].code]),
    );
    await check('an error, heard by nobody', async () => {
      ask({ model: 'missing' });
      await new Promise((resolve) => setTimeout(resolve, 120));
    });
    await check('an error, asResponse() heard alone', async () => {
      const error = await failure(() => ask({ model: 'missing' }).asResponse());
      await new Promise((resolve) => setTimeout(resolve, 30));
      return inParts(error);
    });
    await check('a stream', async (log) => {
      for await (const chunk of await ask({ stream: true })) log(chunk.choices[0].delta.content);
    });
    await check('a stream, left early', async (log) => {
      const stream = await ask({ stream: true });
      for await (const chunk of stream) {
        log(chunk.choices[0].delta.content);
        break;
      }
      return stream.controller.signal.aborted;
    });
    await check('a stream: tee', async () => {
      const [one, two] = (await ask({ stream: true })).tee();
      const read = async (stream) => {
        const all = [];
        for await (const chunk of stream) all.push(chunk.choices[0].delta.content);
        return all;
      };
      return [await read(one), await read(two)];
    });
    await check('a stream: toReadableStream', async () => {
      let n = 0;
      for await (const chunk of (await ask({ stream: true })).toReadableStream()) n += chunk.length;
      return n > 0;
    });
    await check('a stream read twice', async () =>
      failure(async () => {
        const stream = await ask({ stream: true });
        for await (const chunk of stream) void chunk;
        for await (const chunk of stream) void chunk;
      }),
    );
    await check('a stream handed on', async (log) => {
      const open = trace(async () => create({ stream: true }));
      for await (const chunk of await open()) log(chunk.choices[0].delta.content);
    });
    await check('an async generator over it', async (log) => {
      const words = trace(async function* (...args) {
        yield args.length;
        for await (const chunk of await create({ stream: true })) yield chunk.choices[0].delta.content;
      });
      for await (const word of words(1, undefined)) log(word);
    });
    await check('the streaming helper', async (log) => {
      const runner = trace(() => client.chat.completions.stream({ model: 'm', messages }))();
      runner.on('content', (delta, all) => log(delta, all));
      runner.on('end', () => log('end'));
      return [(await runner.finalChatCompletion()).choices[0].message.content, runner.ended];
    });
    await check('pages', async (log) => {
      const list = trace(() => client.models.list());
      for await (const model of list()) log(model.id);
      const page = await list();
      return [page.data.length, page.hasNextPage(), page.constructor.name];
    });
    await check('the shape of a promise of pages', async () => {
      const promise = trace(() => client.models.list())();
      const shape = [
        promise.constructor.name,
        typeof promise[Symbol.asyncIterator],
        typeof promise.withResponse,
      ];
      await promise;
      return shape;
    });
    await check('a signal', async () => {
      const controller = new AbortController();
      const promise = trace((options) => client.get('/../hangs', options))({ signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      return inParts(await failure(() => promise));
    });
    await check('raw get and post', async () => [
      await trace(() => client.get('/echo', { query: { a: 1 } }))(),
      await trace(() => client.post('/echo', { body: { a: 1 } }))(),
    ]);
    await check('timeout', async () =>
      inParts(await failure(() => trace(() => client.get('/../hangs', { timeout: 20 }))())),
    );
    await check('a class', async () => {
      class Assistant {
        #model = 'm';
        ask(...args) {
          return client.chat.completions.create({ model: this.#model, messages, user: String(args.length) });
        }
        async words() {
          return brief(await this.ask(1, undefined));
        }
      }
      trace.class(Assistant);
      const assistant = new Assistant();
      return [await assistant.words(), (await assistant.ask().withResponse()).response.status];
    });
  });
