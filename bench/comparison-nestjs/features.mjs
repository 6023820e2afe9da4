// What is asked of each contender, and how the answer is read from its spans. A cell is `{ said, good }`: what was seen, and whether it
// is what one would want, `undefined` where there is nothing to want.

import { arrived, code, differences, isError, isOfHandler, names, SERVER, serverOf, told } from './spans.mjs';

const TRACE_ID = 'aaaabbbbccccddddaaaabbbbccccdddd';
const SPAN_ID = '1111222233334444';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;

const none = { said: 'no span', good: false };
const notApplicable = (said) => ({ said, good: undefined });
const errorsOf = (spans) => arrived(spans).filter(isError);

/** The span of the request, and those of its handler, of a request that is under way. */
function partsOf(spans, controller, handler) {
  const server = serverOf(spans);
  const handlers = spans.filter((span) => isOfHandler(span, controller, handler));
  return { server, handlers };
}

/** A response that goes on: which spans have ended at its first part, and which at its end. */
async function whileItLasts(served, path, handler) {
  await served.ask('clear');
  const { request, response } = await served.begin('GET', path);
  const answer = await response;
  await new Promise((resolve) => answer.once('data', resolve));
  const { server, handlers } = partsOf((await served.ask('spans')).spans, 'FeedsController', handler);
  await served.ask('pass', 'go on');
  answer.resume();
  await new Promise((resolve) => answer.once('end', resolve));
  request.destroy();
  const after = partsOf((await served.ask('spans')).spans, 'FeedsController', handler);
  const watched = [server, ...handlers].filter(Boolean);
  if (watched.length === 0) return none;
  const early = watched.filter(({ ended }) => ended);
  const late = [after.server, ...after.handlers].filter((span) => span && !span.ended);
  const parts = [];
  if (server) parts.push(`${told(server)} ${server.ended ? 'ends before' : 'lasts'}`);
  for (const span of handlers) parts.push(`${told(span)} ${span.ended ? 'ends at the first part' : 'lasts'}`);
  for (const span of late) parts.push(`${told(span)} never ends`);
  return { said: parts.join('; '), good: early.length === 0 && late.length === 0 };
}

/** Of a request that failed: which spans are errors, of the request and of the handler. */
function errorCell(spans, controller, handler, wanted) {
  const found = arrived(spans);
  if (found.length === 0) return none;
  const { server, handlers } = partsOf(found, controller, handler);
  const parts = [server, ...handlers].filter(Boolean);
  const failed = errorsOf(spans);
  const said = failed.length === 0 ? 'no error' : `error on ${names(failed)}`;
  const good = parts.length > 0 && (wanted ? parts.every(isError) : !parts.some(isError));
  return { said, good };
}

/** Rows that are asked of the application served over HTTP. */
const HTTP_ROWS = [
  {
    name: 'the route is in the name of the request’s span',
    async ask({ served }) {
      const { spans } = await served.getAnew('/orders/7');
      const server = serverOf(arrived(spans));
      return server
        ? { said: told(server), good: server.name === 'GET /orders/:id' }
        : { said: 'no SERVER span', good: false };
    },
  },
  {
    name: 'SERVER spans for one request',
    async ask({ served }) {
      const { spans } = await served.getAnew('/orders/7');
      const { length } = arrived(spans).filter(({ kind }) => kind === SERVER);
      return { said: String(length), good: length === 1 };
    },
  },
  {
    name: 'an incoming `traceparent` is continued',
    async ask({ served, contender }) {
      const ask = async (headers) => {
        const { spans } = await served.getAnew('/orders/7', { headers });
        return arrived(spans).find(({ parentSpanContext }) => parentSpanContext?.spanId === SPAN_ID);
      };
      const found = await ask({ traceparent: TRACEPARENT });
      if (found) return { said: `by ${told(found)}`, good: true };
      const own = contender.key === 'sentry' && (await ask({ 'sentry-trace': `${TRACE_ID}-${SPAN_ID}-1` }));
      return { said: own ? `no: only ${code('sentry-trace')} is` : 'no: a new trace', good: false };
    },
  },
  {
    name: 'an unknown path (404) has a span',
    async ask({ served }) {
      const { spans } = await served.getAnew('/nowhere');
      const server = serverOf(arrived(spans));
      if (server === undefined) return none;
      const status = server.said ? `status ${code(server.said)}` : isError(server) ? 'an error' : 'no error';
      return { said: `${told(server)}, ${status}`, good: true };
    },
  },
  {
    name: 'a request that a guard refuses (403) has a span',
    async ask({ served }) {
      const { spans } = await served.getAnew('/orders/7/refused');
      const server = serverOf(arrived(spans));
      if (server === undefined) return none;
      const failed = errorsOf(spans);
      return {
        said: `${told(server)}${failed.length > 0 ? `; error on ${names(failed)}` : ', no error'}`,
        good: true,
      };
    },
  },
  {
    name: 'where a trace is active, for logs',
    async ask({ served }) {
      const { notes } = await served.getAnew('/orders/409');
      const missing = Object.keys(notes).filter((place) => notes[place] === null);
      return {
        said: missing.length === 0 ? 'everywhere' : `not in ${missing.join(', ')}`,
        good: missing.length === 0,
      };
    },
  },
  {
    name: 'Nest’s own logger prints the trace id in a guard',
    async ask({ served }) {
      const { notes } = await served.getAnew('/orders/7');
      const line = served.output.split('\n').findLast((each) => each.includes('asked for a member'));
      const good = notes.guard !== null && line?.includes(notes.guard) === true;
      return { said: good ? 'yes' : 'no', good };
    },
  },
  {
    name: 'a `@Sse()` response: until when the spans last',
    ask: ({ served }) => whileItLasts(served, '/feeds/events', 'events'),
  },
  {
    name: 'a `StreamableFile`: until when the spans last',
    ask: ({ served }) => whileItLasts(served, '/feeds/file', 'file'),
  },
  {
    name: 'a client that hangs up while the handler works: when its spans end, and what tells',
    async ask({ served }) {
      // The same request, undisturbed.
      await served.ask('clear');
      await served.ask('pass', 'go on');
      const usual = arrived((await served.get('/orders/7/slow')).spans);
      await served.ask('clear');
      const { request } = await served.begin('GET', '/orders/7/slow');
      await served.ask('passed', 'waiting');
      request.destroy();
      await served.ask('passed', 'response closed');
      const at = (await served.ask('spans')).spans;
      await served.ask('pass', 'go on');
      const { spans } = await served.ask('spans');
      const isWatched = (span) => span.kind === SERVER || isOfHandler(span, 'OrdersController', 'slow');
      const undisturbed = usual.filter(isWatched);
      const parts = spans.filter(isWatched).map((span, i) => {
        const before = at.find(({ spanId }) => spanId === span.spanId);
        const when = before.ended ? 'then' : span.ended ? 'with the handler’s work' : 'never';
        if (!span.exported) return { said: `${told(span)} ${when}, and is not sent`, good: false };
        const tells = undisturbed[i] ? differences(undisturbed[i], span) : [];
        return {
          said: `${told(span)} ${when}, ${tells.length > 0 ? tells.join(', ') : 'as if it had been answered'}`,
          good: before.ended && tells.length > 0,
        };
      });
      if (parts.length === 0) return none;
      return { said: parts.map(({ said }) => said).join('; '), good: parts.every(({ good }) => good) };
    },
  },
  {
    name: 'a `NotFoundException` (404) is no error of the request or the handler',
    ask: async ({ served }) =>
      errorCell((await served.getAnew('/orders/404')).spans, 'OrdersController', 'find', false),
  },
  {
    name: 'nor is an error that an exception filter answers with 409',
    ask: async ({ served }) =>
      errorCell((await served.getAnew('/orders/409')).spans, 'OrdersController', 'find', false),
  },
  {
    name: 'an error answered with 500 is one, of both',
    ask: async ({ served }) =>
      errorCell(
        (await served.getAnew('/orders', { method: 'POST', body: { item: 'tea', card: 'declined' } })).spans,
        'OrdersController',
        'place',
        true,
      ),
  },
  {
    name: 'so is a 500 that `@Res()` writes without an exception',
    ask: async ({ served }) =>
      errorCell((await served.getAnew('/orders/7/broken')).spans, 'OrdersController', 'broken', true),
  },
  {
    name: 'how often one failure is recorded, as an `exception` event or an issue',
    async ask({ served, start }) {
      const place = { method: 'POST', body: { item: 'tea', card: 'declined' } };
      const { spans, errors } = await served.getAnew('/orders', place);
      const recorded = (found) =>
        arrived(found).flatMap(({ events }) => events.filter(({ name }) => name === 'exception'));
      const count = recorded(spans).length;
      if (errors.length > 0)
        return {
          said: `as ${errors.length === 1 ? 'one issue' : `${errors.length} issues`}`,
          good: errors.length === 1,
        };
      const again = await start({ environment: { EXCEPTION_EVENTS: 'origin-only' } });
      const option = recorded((await again.getAnew('/orders', place)).spans).length;
      const isOption = option !== count;
      return {
        said: `${count} times${isOption ? `; ${option} with ${code("exceptionEvents: 'origin-only'")}` : ''}`,
        good: count === 1,
      };
    },
  },
  {
    name: 'spans of one `GET /orders/7`',
    async ask({ served }) {
      const { spans } = await served.getAnew('/orders/7');
      const found = arrived(spans);
      return { said: `${found.length}: ${names(found, 20)}`, good: undefined };
    },
  },
  {
    name: 'guards, pipes and interceptors have spans of their own',
    async ask({ served }) {
      const { spans } = await served.getAnew('/orders/7');
      const found = arrived(spans).filter(({ name }) => /Guard|Pipe|TimingInterceptor/.test(name));
      return { said: found.length === 0 ? 'no' : names(found), good: found.length > 0 };
    },
  },
  {
    name: 'service methods have spans, by a decorator',
    async ask({ served }) {
      const { spans } = await served.getAnew('/orders/7');
      // Sentry gives it the name of the method alone, as it does the handler.
      const found = arrived(spans).filter(
        ({ name, attributes }) =>
          name === 'OrdersService.find' ||
          attributes['sentry.origin'] === 'auto.function.nestjs.sentry_traced',
      );
      return found.length === 0
        ? { said: 'it has no decorator', good: false }
        : { said: names(found), good: true };
    },
  },
  {
    name: 'a decorated sync method stays sync',
    async ask({ served, hasDecorator }) {
      if (!hasDecorator) return notApplicable('it has no decorator');
      const { twice } = await served.ask('probe');
      return { said: twice === 8 ? 'yes' : String(twice), good: twice === 8 };
    },
  },
  {
    name: 'what a decorated method keeps: name, length, own properties, metadata',
    async ask({ served, hasDecorator }) {
      if (!hasDecorator) return notApplicable('it has no decorator');
      const { kept } = await served.ask('probe');
      const lost = Object.keys(kept).filter((each) => !kept[each]);
      return { said: lost.length === 0 ? 'all' : `not its ${lost.join(', ')}`, good: lost.length === 0 };
    },
  },
  {
    name: 'the active span as a handler’s parameter',
    async ask({ served }) {
      const { text, spans } = await served.getAnew('/orders/7/current');
      if (text !== 'set') return { said: 'no such decorator', good: false };
      const found = arrived(spans).filter(({ attributes }) => attributes['app.seen'] === true);
      return { said: names(found), good: found.length === 1 };
    },
  },
];

/** Rows that need an application of their own. */
const OWN_ROWS = [
  {
    name: 'without an HTTP instrumentation: the spans of a request',
    adapters: ['express', 'fastify'],
    async ask({ start, contender }) {
      if (contender.key === 'oncespan-http') return notApplicable('see oncespan');
      const served = await start({ alone: true });
      const { spans } = await served.getAnew('/orders/7');
      const found = arrived(spans);
      if (found.length === 0) return none;
      return {
        said: (serverOf(found) ? '' : 'no SERVER span of the request: ') + names(found, 5),
        good: serverOf(found) !== undefined,
      };
    },
  },
  {
    name: 'without an HTTP instrumentation: an incoming `traceparent` is continued',
    adapters: ['express', 'fastify'],
    async ask({ start, contender }) {
      if (contender.key === 'oncespan-http') return notApplicable('see oncespan');
      const served = await start({ alone: true });
      const { spans } = await served.getAnew('/orders/7', { headers: { traceparent: TRACEPARENT } });
      return continuation(arrived(spans));
    },
  },
  {
    name: 'messages over TCP have spans',
    async ask({ start }) {
      return messages(await start({ app: 'messages' }));
    },
  },
  {
    name: 'a message that carries a `traceparent` continues its trace',
    async ask({ start }) {
      const served = await start({ app: 'messages' });
      await served.ask('clear');
      const data = { numbers: [1, 2], traceparent: TRACEPARENT };
      await served.send({ pattern: 'sum', data, traceparent: TRACEPARENT });
      return continuation(arrived((await served.ask('spans')).spans));
    },
  },
  {
    name: 'messages of a hybrid application have spans, without `inheritAppConfig`',
    async ask({ start }) {
      const served = await start({ app: 'hybrid' });
      const cell = await messages(served);
      const warned = served.output.split('\n').find((line) => /inheritAppConfig/.test(line));
      return warned ? { ...cell, said: `${cell.said}; start-up says what to change` } : cell;
    },
  },
  {
    name: 'spans before the first request, with @nestjs/schedule and event-emitter',
    async ask({ start, contender }) {
      const count = async (environment) => {
        const served = await start({ app: 'background', environment });
        return (await served.ask('spans')).spans;
      };
      const found = await count({});
      const said = found.length === 0 ? '0' : `${found.length}: ${names(found, 4)}`;
      if (!contender.key.startsWith('oncespan')) return { said, good: found.length < 5 };
      const all = await count({ CLASSES: 'providers' });
      return {
        said: `${said}; ${all.length} with ${code("classes: 'providers'")}`,
        good: found.length === 0 && all.length === 0,
      };
    },
  },
  {
    name: 'a cron job has a span, undecorated',
    ask: ({ start, contender }) => background(start, contender, 'tick', 'sweep'),
  },
  {
    name: 'an event listener has a span, undecorated',
    ask: ({ start, contender }) => background(start, contender, 'emit', 'tell'),
  },
  {
    name: 'a service’s span that lives at the shutdown (`app.close()`, then the SDK’s)',
    async ask({ start, hasDecorator }) {
      if (!hasDecorator) return notApplicable('it has no decorator');
      const served = await start({});
      await served.ask('clear');
      const spans = await served.ask('shutdown');
      const span = spans.find(({ name }) => name === 'OrdersService.wait' || name === 'wait');
      if (span === undefined) return none;
      if (!span.exported) return { said: 'is lost', good: false };
      const outcome = span.attributes['oncespan.outcome'];
      return {
        said: `is exported, ${isError(span) ? `ERROR${outcome ? `, ${code(`oncespan.outcome: ${outcome}`)}` : ''}` : 'as if its work were over'}`,
        good: true,
      };
    },
  },
  {
    name: 'without an SDK the application works',
    adapters: ['express', 'fastify'],
    async ask({ start }) {
      const served = await start({ environment: { WITHOUT_SDK: '1' } });
      const { status } = await served.getAnew('/orders/7');
      const complaint = served.output.split('\n').find((line) => /\b(ERROR|WARN)\b/.test(line));
      return {
        said:
          status === 200
            ? `yes${complaint ? `, and says ${code(complaint.slice(0, 80))}` : ''}`
            : `answers ${status}`,
        good: status === 200,
      };
    },
  },
];

async function messages(served) {
  await served.ask('clear');
  await served.send({ pattern: 'sum', data: { numbers: [1, 2] } });
  const request = arrived((await served.ask('spans')).spans);
  await served.ask('clear');
  await served.send({ pattern: 'noted', data: {} }, { isEvent: true });
  const event = arrived((await served.ask('spans')).spans);
  if (request.length + event.length === 0) return none;
  const part = (title, spans) => `${title} ${spans.length === 0 ? 'none' : names(spans)}`;
  return {
    said: `${part('request:', request)}; ${part('event:', event)}`,
    good: request.length > 0 && event.length > 0,
  };
}

async function background(start, contender, act, method) {
  const look = async (environment) => {
    const served = await start({ app: 'background', environment });
    await served.ask('clear');
    await served.ask(act);
    return arrived((await served.ask('spans')).spans);
  };
  const found = await look({});
  if (found.length > 0 || !contender.key.startsWith('oncespan'))
    return found.length === 0 ? none : { said: names(found), good: true };
  const all = (await look({ CLASSES: 'providers' })).filter(({ name }) => name.endsWith(`.${method}`));
  return {
    said: `no span${all.length > 0 ? `; ${names(all)} with ${code("classes: 'providers'")}` : ''}`,
    good: false,
  };
}

/** Whether the trace of the one who asked goes on in these spans. */
function continuation(found) {
  if (found.length === 0) return none;
  const continued = found.find(({ traceId }) => traceId === TRACE_ID);
  return continued ? { said: `by ${told(continued)}`, good: true } : { said: 'no: a new trace', good: false };
}

export const ROWS = [
  ...OWN_ROWS.slice(0, 2),
  ...HTTP_ROWS.map((row) => ({ ...row, adapters: ['express', 'fastify'], isServed: true })),
  ...OWN_ROWS.slice(2),
].map((row) => ({ adapters: ['express'], ...row }));
