import ky, { HTTPError, TimeoutError } from 'ky';
import { failure } from '../entries.mjs';
import { inParts, withServer } from '../shared/server.mjs';
import { thenables } from '../shared/thenables.mjs';

export const suite = (kit) =>
  withServer(async (url, counts) => {
    const { trace, check } = kit;
    const client = ky.create({ retry: 0 });
    const brief = (value) => (value instanceof Response ? value.status : value);
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
    await check('json(), text(), arrayBuffer(), blob(), bytes()', async () => [
      await get('/json').json(),
      await get('/text').text(),
      (await get('/text').arrayBuffer()).byteLength,
      (await get('/text').blob()).size,
      typeof get('/text').formData,
    ]);
    await check('json() within', async () => trace(() => client(`${url}/json`).json())());
    await check('the response, then its body', async () => {
      const response = await get('/json');
      return [
        response.status,
        response.ok,
        response.bodyUsed,
        await response.json(),
        response.bodyUsed,
        response.headers.get('x-request-id'),
      ];
    });
    await check('the shape', async () => {
      const request = get('/json');
      const shape = [
        request.constructor.name,
        Object.keys(request).toSorted(),
        request instanceof Promise,
        ...['json', 'text', 'blob'].map((name) => typeof request[name]),
      ];
      await request;
      return shape;
    });
    await check('missing', async () => {
      const error = await failure(() => get('/missing'));
      return [inParts(error), error instanceof HTTPError];
    });
    await check('missing, json()', async () => inParts(await failure(() => get('/missing').json())));
    await check(
      'missing, not thrown',
      async () => (await get('/missing', { throwHttpErrors: false })).status,
    );
    await check('missing, catch', () =>
      get('/missing').catch((...errors) => [errors.length, inParts(errors[0])]),
    );
    await check('missing, nobody listens', async () => {
      get('/missing');
      await new Promise((resolve) => setTimeout(resolve, 120));
    });
    await check('missing, json() is heard alone', async () => {
      const error = await failure(() => get('/missing').json());
      await new Promise((resolve) => setTimeout(resolve, 30));
      return inParts(error);
    });
    await check('post', async () => get('/json', { method: 'post', json: { a: 1 } }).json());
    await check('the methods', async () => {
      const { get: read, post, put, patch, delete: remove } = trace.all(client);
      return Promise.all(
        [read, post, put, patch, remove].map(async (method) => (await method(`${url}/json`).json()).method),
      );
    });
    await check('timeout', async () => {
      const error = await failure(() => get('/hangs', { timeout: 20 }));
      return [error instanceof TimeoutError, inParts(error)];
    });
    await check('a signal', async () => {
      const controller = new AbortController();
      const request = get('/hangs', { signal: controller.signal });
      setTimeout(() => controller.abort(new RangeError('enough')), 20);
      return inParts(await failure(() => request));
    });
    await check('a Request that is handed on', async () => {
      const request = trace((...args) => new Request(...args))(`${url}/json`, {
        method: 'POST',
        body: 'a',
        headers: { 'x-mine': 'yes' },
      });
      return trace((...args) => client(...args))(request).json();
    });
    await check('hooks: arguments', async (log) => {
      const before = trace((...args) => log(args.length));
      const after = trace((...args) => {
        log(args.length);
      });
      return get('/json', { hooks: { beforeRequest: [before], afterResponse: [after] } }).json();
    });
    await check('retries', async (log) =>
      inParts(
        await failure(() =>
          get('/nowhere', {
            retry: { limit: 1, delay: () => 1 },
            hooks: { beforeRetry: [trace(({ retryCount }) => log(retryCount))] },
          }),
        ),
      ),
    );
    await check('a body read as a stream', async (log) => {
      const { body } = await get('/text');
      for await (const chunk of body) log(Buffer.from(chunk).toString());
    });
    await check('a body that is handed out as a stream', async (log) => {
      const read = trace(async () => (await client(`${url}/text`)).body);
      for await (const chunk of await read()) log(Buffer.from(chunk).toString());
    });
    await check('a body that a reader reads', async () => {
      const { body } = await trace(() => client(`${url}/text`))();
      const reader = body.getReader();
      const first = await reader.read();
      return [first.done, first.value.length, (await reader.read()).done, body.locked];
    });
    await check('clone', async () => {
      const response = await get('/json');
      const copy = response.clone();
      return [(await response.json()).method, (await copy.json()).method];
    });
    await check('extend', async () => {
      const other = trace(() => client.extend({ headers: { 'x-mine': 'extended' } }))();
      return [(await other(`${url}/json`).json()).mine, typeof other.extend, typeof other.stop];
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
