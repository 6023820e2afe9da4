import got from 'got';
import { failure } from '../entries.mjs';
import { inParts, withServer } from '../shared/server.mjs';
import { thenables } from '../shared/thenables.mjs';

export const suite = (kit) =>
  withServer(async (url, counts) => {
    const { trace, check } = kit;
    const client = got.extend({ retry: { limit: 0 } });
    const brief = (value) => (value?.body === undefined ? value : JSON.parse(value.body));
    await thenables(kit, 'request', {
      patience: 100,
      make: () => client(`${url}/json`),
      fail: () =>
        client(`${url}/json`).then(() => {
          throw new RangeError('mine');
        }),
      runs: () => counts.requests,
      brief,
    });
    const get = trace((path, options) => client(url + path, options));
    await check('json(), text(), buffer()', async () => [
      await get('/json').json(),
      await get('/text').text(),
      (await get('/text').buffer()).length,
    ]);
    await check('json() twice, and the response', async () => {
      const request = get('/json');
      const both = [await request.json(), await request.json()];
      return [both, (await request).statusCode];
    });
    await check('json() within', async () => trace(() => client(`${url}/json`).json())());
    await check('what json() answers', async () => {
      const promise = get('/json').json();
      const shape = [
        promise.constructor.name,
        typeof promise.cancel,
        typeof promise.json,
        typeof promise.on,
        promise instanceof Promise,
      ];
      await promise;
      return shape;
    });
    await check('shape', async () => {
      const request = get('/json');
      const shape = [
        request.constructor.name,
        ...['cancel', 'on', 'off', 'json', 'text', 'buffer', 'isCanceled'].map(
          (name) => typeof request[name],
        ),
        Object.keys(request).toSorted(),
      ];
      await request;
      return shape;
    });
    await check('on: what it answers', async (log) => {
      const request = get('/json');
      const answer = request.on('response', (response) => log(response.statusCode)) === request;
      await request;
      return answer;
    });
    await check('missing', async () => inParts(await failure(() => get('/missing'))));
    await check('missing, json()', async () => inParts(await failure(() => get('/missing').json())));
    await check(
      'missing, not thrown',
      async () => (await get('/missing', { throwHttpErrors: false })).statusCode,
    );
    await check('missing, catch', () =>
      get('/missing').catch((...errors) => [errors.length, inParts(errors[0])]),
    );
    await check('missing, nobody listens', async () => {
      get('/missing');
      await new Promise((resolve) => setTimeout(resolve, 120));
    });
    await check('missing, json() is heard alone', async () => {
      const request = get('/missing');
      const error = await failure(() => request.json());
      await new Promise((resolve) => setTimeout(resolve, 20));
      return inParts(error);
    });
    await check('post', async () => get('/json', { method: 'POST', json: { a: 1 } }).json());
    await check('the methods', async () => {
      const { get: read, post, put, patch, delete: remove } = trace.all(client);
      return Promise.all(
        [read, post, put, patch, remove].map(async (method) => (await method(`${url}/json`).json()).method),
      );
    });
    await check('timeout', async () =>
      inParts(await failure(() => get('/hangs', { timeout: { request: 20 } }))),
    );
    await check('a signal', async () => {
      const controller = new AbortController();
      const request = get('/hangs', { signal: controller.signal });
      setTimeout(() => controller.abort(new RangeError('enough')), 20);
      return inParts(await failure(() => request));
    });
    await check('hooks: this, arguments', async (log) => {
      const hook = trace(function (...args) {
        log(args.length, typeof args[0].headers);
      });
      return get('/json', {
        hooks: {
          beforeRequest: [hook],
          afterResponse: [
            trace((response, retry) => {
              log(typeof retry);
              return response;
            }),
          ],
          beforeError: [trace((error) => error)],
        },
      }).json();
    });
    await check('a stream', async (log) => {
      const stream = trace(() => client.stream(`${url}/text`))();
      stream.on('response', (response) => log(response.statusCode));
      for await (const chunk of stream) log(String(chunk));
    });
    await check('a stream, an error', async () =>
      inParts(
        await failure(async () => {
          for await (const chunk of trace(() => client.stream(`${url}/missing`))()) void chunk;
        }),
      ),
    );
    await check('pagination', async (log) => {
      const pages = trace(() =>
        client.paginate(`${url}/json`, {
          pagination: { transform: (response) => [JSON.parse(response.body).method], paginate: () => false },
        }),
      );
      for await (const item of pages()) log(item);
    });
    await check('pagination, all', async () =>
      trace((...args) => client.paginate.all(...args))(`${url}/json`, {
        pagination: { transform: () => [1, 2], paginate: () => false, countLimit: 1 },
      }),
    );
    await check('extend', async () => {
      const other = trace(() => client.extend({ headers: { 'x-mine': 'extended' } }))();
      return [(await other(`${url}/json`).json()).mine, typeof other.extend, typeof other.defaults];
    });
    await check('a class', async () => {
      class Client {
        base = url;
        get(path, ...rest) {
          return client(this.base + path, { searchParams: { rest: rest.length } });
        }
        async body(path) {
          return this.get(path, 1, undefined).json();
        }
      }
      trace.class(Client);
      return [
        await new Client().body('/json'),
        await new Client().get('/text').text(),
        inParts(await failure(() => new Client().get('/missing'))),
      ];
    });
  });
