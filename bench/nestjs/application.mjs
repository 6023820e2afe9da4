// One application of eight routes, with different things around its handlers. Plain JavaScript has no syntax for decorators.

import 'reflect-metadata';
import { Controller, Get, Module, NotFoundException, Param } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TracingModule } from 'oncespan/nestjs';
import { InterceptorByHand } from './by-hand.mjs';

import { AT_ONCE } from './at-once.mjs';

/** Eight handlers of one source in each controller, each compiled by itself: no figure stands on a call site that knows one alone. */
function controller() {
  class Orders {}
  for (let i = 0; i < AT_ONCE; i++) {
    const source = `return { async find${i}(id) { if (id === 'none') throw new NotFoundException(); return { id }; } }`;
    Object.assign(Orders.prototype, new Function('NotFoundException', source)(NotFoundException));
    const key = `find${i}`;
    Param('id')(Orders.prototype, key, 0);
    Get(`${i}/:id`)(Orders.prototype, key, Object.getOwnPropertyDescriptor(Orders.prototype, key));
  }
  Controller('orders')(Orders);
  return Orders;
}

/** What Nest itself takes for having one. */
class EmptyInterceptor {
  intercept(_execution, next) {
    return next.handle();
  }
}

const AROUND = {
  plain: () => ({}),
  'an empty interceptor': () => ({ providers: [{ provide: APP_INTERCEPTOR, useClass: EmptyInterceptor }] }),
  'by hand': () => ({ providers: [{ provide: APP_INTERCEPTOR, useClass: InterceptorByHand }] }),
  ours: () => ({ imports: [TracingModule.forRoot({ requests: false })] }),
  'ours, requests too': () => ({ imports: [TracingModule.forRoot()] }),
};

/** @returns the port where it listens */
export async function serve(around, adapter) {
  class App {}
  Module({ controllers: [controller()], ...AROUND[around]() })(App);
  const options = { logger: false };
  const app = await (adapter === 'fastify'
    ? NestFactory.create(App, new FastifyAdapter(), options)
    : NestFactory.create(App, options));
  await app.listen(0, '127.0.0.1');
  return app.getHttpServer().address().port;
}
