import Koa from 'koa';
import { failure } from '../entries.mjs';

export async function suite({ trace, check }) {
  /** Sends one request to an application. */
  const ask = async (app, path = '/', options = {}) => {
    const server = await new Promise((resolve) => {
      const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
    });
    try {
      const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
        ...options,
        headers: { connection: 'close' },
      });
      return [response.status, response.headers.get('content-type'), await response.text()];
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };
  const quiet = (...middleware) => {
    const app = new Koa();
    app.silent = true;
    for (const one of middleware) app.use(one);
    return app;
  };
  for (const [name, prepare] of Object.entries({
    'traced middleware': () => {},
    'traced class': () => trace.class(Koa),
  })) {
    prepare();
    const say = (what, act) => check(`${name}: ${what}`, act);
    await say('use answers the application', () => {
      const app = new Koa();
      return [app.use(trace(async () => {})) === app, app.middleware.length];
    });
    await say('this and arguments', async (log) =>
      ask(
        quiet(
          trace(async function (ctx, next, ...rest) {
            log(this === undefined, typeof next, rest.length, ctx.path);
            ctx.body = 'ok';
          }),
        ),
      ),
    );
    await say('the onion', async (log) =>
      ask(
        quiet(
          trace(async (ctx, next) => {
            log(1);
            await next();
            log(6);
          }),
          trace((ctx, next) => {
            log(2);
            return next().then(() => log(5));
          }),
          trace(async (ctx, next) => {
            log(3);
            await next();
            log(4);
            ctx.body = 'ok';
          }),
        ),
      ),
    );
    await say('next() twice', async (log) => {
      const app = quiet(
        trace(async (ctx, next) => {
          await next();
          await next();
        }),
      );
      app.on('error', (error) => log(error));
      return ask(app);
    });
    await say('what next() answers', async (log) =>
      ask(
        quiet(
          trace(async (ctx, next) => {
            log(await next());
            ctx.body = 'ok';
          }),
          trace(async () => 'answer'),
        ),
      ),
    );
    await say('an error', async (log) => {
      const app = quiet(
        trace(async () => {
          throw new RangeError('mine');
        }),
      );
      app.on('error', (error, ctx, ...rest) => log(error, ctx.path, rest.length));
      return ask(app);
    });
    await say('an error that is thrown at once', async (log) => {
      const app = quiet(
        trace(() => {
          throw new RangeError('mine');
        }),
      );
      app.on('error', (error) => log(error));
      return ask(app);
    });
    await say('ctx.throw and ctx.assert', async () => [
      await ask(quiet(trace(async (ctx) => ctx.throw(418, 'teapot')))),
      await ask(quiet(trace(async (ctx) => ctx.assert(false, 403, 'no')))),
    ]);
    await say('an error that is caught above', async () =>
      ask(
        quiet(
          trace(async (ctx, next) => {
            try {
              await next();
            } catch (error) {
              ctx.body = { message: error.message };
              ctx.status = 400;
            }
          }),
          trace(async () => {
            throw new RangeError('mine');
          }),
        ),
      ),
    );
    await say('bodies: text, JSON, buffer, null, stream', async () => {
      const { Readable } = await import('node:stream');
      const bodies = ['text', { a: 1 }, Buffer.from('b'), null];
      const all = [];
      for (const body of bodies)
        all.push(
          await ask(
            quiet(
              trace(async (ctx) => {
                ctx.body = body;
              }),
            ),
          ),
        );
      all.push(
        await ask(
          quiet(
            trace(async (ctx) => {
              ctx.body = trace(() => Readable.from(['s', 't']))();
            }),
          ),
        ),
      );
      return all;
    });
    await say('a body that is a web stream, a blob, a response', async () => [
      await ask(
        quiet(
          trace(async (ctx) => {
            ctx.body = trace(() => new Blob(['blob']).stream())();
          }),
        ),
      ),
      await ask(
        quiet(
          trace(async (ctx) => {
            ctx.body = new Response('response');
          }),
        ),
      ),
    ]);
    await say('a stream that fails', async (log) => {
      const { Readable } = await import('node:stream');
      const app = quiet(
        trace(async (ctx) => {
          ctx.body = trace(
            () =>
              new Readable({
                read() {
                  this.destroy(new RangeError('mine'));
                },
              }),
          )();
        }),
      );
      app.on('error', (error) => log(error));
      const answer = await failure(() => ask(app));
      return answer === 'no error' || answer.name;
    });
    await say('state, headers, query, not found', async () => [
      await ask(
        quiet(
          trace(async (ctx, next) => {
            ctx.state.a = ctx.query.a;
            await next();
          }),
          trace(async (ctx) => {
            ctx.body = ctx.state.a;
          }),
        ),
        '/?a=5',
      ),
      await ask(quiet(trace(async (ctx, next) => next()))),
    ]);
    await say('composed', async (log) => {
      const { default: compose } = await import('koa-compose');
      const run = trace(
        compose([
          trace(async (ctx, next) => {
            log('a', ctx.n);
            await next();
          }),
          trace(async (ctx, next) => {
            log('b');
            return next();
          }),
        ]),
      );
      return [
        await run({ n: 1 }, async () => log('last')),
        run.length,
        await failure(() =>
          run({ n: 2 }, async () => {
            throw new RangeError('mine');
          }),
        ),
      ];
    });
    await say('callback() and handleRequest', () => [
      typeof new Koa().callback(),
      new Koa().callback().length,
    ]);
    await say('the context is a value', async (log) =>
      ask(
        quiet(
          trace(async (ctx) => {
            log(
              trace((given) => given)(ctx) === ctx,
              trace(() => ctx.req)() === ctx.req,
              trace(() => ctx.res)() === ctx.res,
            );
            ctx.body = 'ok';
          }),
        ),
      ),
    );
    await say('the listeners of request and response', async (log) =>
      ask(
        quiet(
          trace(async (ctx) => {
            const before = ctx.res.eventNames().map(String).toSorted();
            trace((res) => res)(ctx.res);
            log(before.join() === ctx.res.eventNames().map(String).toSorted().join());
            ctx.body = 'ok';
          }),
        ),
      ),
    );
    await say('AsyncLocalStorage', async () => {
      const app = new Koa({ asyncLocalStorage: true });
      app.use(
        trace(async (ctx) => {
          await undefined;
          ctx.body = String(app.currentContext === ctx);
        }),
      );
      return ask(app);
    });
    await say('toJSON and inspect', async (log) => {
      log(Object.keys(new Koa().toJSON()).toSorted());
      return ask(
        quiet(
          trace(async (ctx) => {
            ctx.body = Object.keys(ctx.toJSON()).toSorted();
          }),
        ),
      );
    });
    await say('a controller whose methods are traced', async () => {
      class Orders {
        prefix = 'x';
        async show(ctx, ...rest) {
          ctx.body = [this.prefix, ctx.path, rest.length];
        }
      }
      trace.class(Orders);
      const orders = new Orders();
      return ask(
        quiet((ctx, next) => orders.show(ctx, next)),
        '/mine',
      );
    });
    await say('use of what is no function', () => failure(() => new Koa().use('no')));
  }
}
