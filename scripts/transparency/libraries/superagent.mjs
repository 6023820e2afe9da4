import superagent from 'superagent';
import { failure } from '../entries.mjs';
import { inParts, withServer } from '../shared/server.mjs';
import { thenables } from '../shared/thenables.mjs';

export const suite = (kit) =>
  withServer(async (url, counts) => {
    const { trace, check } = kit;
    await thenables(kit, 'request', {
      patience: 100,
      make: () => superagent.get(`${url}/json`),
      runs: () => counts.requests,
      brief: (value) => value?.body ?? value,
    });
    const get = trace((path, ...rest) => superagent.get(url + path).query({ rest: rest.length }));
    await check(
      'chained after it is returned',
      async () => (await get('/json', undefined).query({ a: 1 }).set('x-mine', 'yes')).body,
    );
    await check('fluent: this is the request', () => {
      const request = get('/json');
      return [request.set('a', 'b') === request, request.timeout(1000) === request, request.method];
    });
    await check(
      'post',
      async () =>
        (
          await trace(() => superagent.post(`${url}/json`))()
            .send({ a: 1 })
            .type('json')
        ).body,
    );
    await check('put, patch, delete', async () => [
      (await trace(() => superagent.put(`${url}/json`).send({}))()).body.method,
      (await trace(() => superagent.patch(`${url}/json`))()).body.method,
      (await trace(() => superagent.delete(`${url}/json`))()).body.method,
    ]);
    await check('end with a callback', async (log) => {
      await new Promise((resolve) =>
        get('/json').end(function (error, response, ...rest) {
          log(error, response.body, rest.length);
          resolve();
        }),
      );
    });
    await check('end with a callback: an error', async (log) => {
      await new Promise((resolve) =>
        get('/missing').end((error, response) => {
          log(inParts(error), response.status);
          resolve();
        }),
      );
    });
    await check('missing', async () => inParts(await failure(() => get('/missing'))));
    await check('ok()', async () => (await get('/missing').ok((response) => response.status === 404)).body);
    await check('catch', async () =>
      get('/missing').catch((...errors) => [errors.length, inParts(errors[0])]),
    );
    await check(
      'redirects',
      async (log) => (await get('/moved').on('redirect', () => log('redirect'))).redirects.length,
    );
    await check(
      'no connection',
      async () => inParts(await failure(() => trace(() => superagent.get('http://127.0.0.1:1/'))())).code,
    );
    await check('timeout', async () => {
      const error = await failure(() => get('/hangs').timeout({ response: 20 }));
      return [error.code, error.timeout, error.errno];
    });
    await check('abort', async (log) => {
      const request = get('/hangs');
      request.on('abort', () => log('abort'));
      request.then(
        () => log('never'),
        (error) => log(error.code),
      );
      await new Promise((resolve) => setTimeout(resolve, 10));
      const answer = request.abort() === request;
      await new Promise((resolve) => setTimeout(resolve, 10));
      return answer;
    });
    await check('events', async (log) => {
      const request = get('/json');
      for (const name of ['request', 'response', 'end', 'error'])
        request.on(name, (...args) => log(name, args.length));
      await request;
      await new Promise((resolve) => setTimeout(resolve, 10));
    });
    await check('pipe', async (log) => {
      const { PassThrough } = await import('node:stream');
      const sink = new PassThrough();
      const answer = get('/text').pipe(sink);
      for await (const chunk of sink) log(String(chunk));
      return answer === sink;
    });
    await check(
      'buffer and parse',
      async () =>
        (
          await get('/text')
            .buffer(true)
            .parse((response, done) => {
              response.on('data', () => {});
              response.on('end', () => done(null, 'parsed'));
            })
        ).body,
    );
    await check('use: a plugin', async (log) => {
      const plugin = trace(function (request, ...rest) {
        log(rest.length, request.method);
        request.set('x-mine', 'plugin');
      });
      return (await get('/json').use(plugin)).body.mine;
    });
    await check('retry', async () => (await get('/json').retry(2)).body.method);
    await check('an agent', async () => {
      const agent = trace(() => superagent.agent())();
      return (await trace(() => agent.get(`${url}/json`))()).body.method;
    });
    await check('never awaited: never sent', async () => {
      const before = counts.requests;
      get('/json');
      await new Promise((resolve) => setTimeout(resolve, 20));
      return counts.requests - before;
    });
    await check('awaited twice: sent once', async () => {
      const before = counts.requests;
      const request = get('/json');
      await request;
      await request;
      return counts.requests - before;
    });
    await check('a class', async () => {
      class Client {
        base = url;
        get(path, ...rest) {
          return superagent.get(this.base + path).query({ rest: rest.length });
        }
        async body(path) {
          return (await this.get(path, 1, undefined)).body;
        }
      }
      trace.class(Client);
      return [await new Client().body('/json'), inParts(await failure(() => new Client().get('/missing')))];
    });
  });
