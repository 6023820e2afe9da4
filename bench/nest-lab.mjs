import 'reflect-metadata';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { context, trace, SpanStatusCode } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Observable, from, defer, tap } from 'rxjs';
import { TracedInterceptor } from '../dist/nestjs/index.js';
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [{ onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} }] }));
const tracer = trace.getTracer('hand');
class Hand {
  intercept(ctx, next) {
    if (ctx.getType() !== 'http') return next.handle();
    const http = ctx.switchToHttp();
    const request = http.getRequest(), response = http.getResponse();
    const span = tracer.startSpan(`${ctx.getClass().name}.${ctx.getHandler().name}`, { attributes: { 'http.request.method': request.method, 'http.route': request.baseUrl + request.route.path } });
    const active = trace.setSpan(context.active(), span);
    let ended = false;
    const end = () => { if (ended) return; ended = true;
      response.off('finish', end); response.off('close', end);
      span.setAttribute('http.response.status_code', response.statusCode); span.end(); };
    response.on('finish', end); response.on('close', end);
    return new Observable((subscriber) => context.with(active, () => next.handle().pipe(tap({ error: (error) => { span.recordException(error); span.setStatus({ code: SpanStatusCode.ERROR, message: error.message }); } })).subscribe(subscriber)));
  }
}
class Plain { intercept(_c, next) { return next.handle(); } }
class C { find() {} }
const socket = new Socket();
const run = (interceptor) => new Promise((resolve) => {
  const req = new IncomingMessage(socket); req.method = 'GET'; req.baseUrl = ''; req.route = { path: '/orders/:id' };
  const res = new ServerResponse(req);
  const host = new ExecutionContextHost([req, res, () => {}], C, C.prototype.find); host.setType('http');
  interceptor.intercept(host, { handle: () => from(Promise.resolve(1)) }).subscribe({ next() {}, complete() { res.emit('finish'); resolve(); } });
});
const them = { plain: new Plain(), hand: new Hand(), ours: new TracedInterceptor() };
const N = Number(process.argv[2] ?? 3000), rounds = Number(process.argv[3] ?? 40);
const only = process.argv[4];
const times = { plain: [], hand: [], ours: [] };
for (let r = 0; r < rounds; r++) for (const name of Object.keys(them).filter((n) => !only || n === only).sort(() => Math.random() - 0.5)) {
  const t = process.hrtime.bigint();
  for (let i = 0; i < N; i++) await run(them[name]);
  times[name].push(Number(process.hrtime.bigint() - t) / N / 1e3);
}
const med = (a) => a.slice(5).sort((x, y) => x - y)[(a.length - 5) >> 1];
const [p, h, o] = ['plain', 'hand', 'ours'].map((n) => med(times[n]));
console.log({ plain: p, hand: h - p, ours: o - p, ratio: (o - p) / (h - p) });
