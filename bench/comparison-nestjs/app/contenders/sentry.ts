import type { Collector } from '../collector.ts';
import type { Contender } from '../contender.ts';

interface SentSpan {
  readonly span_id: string;
  readonly description?: string;
  readonly data?: Record<string, never>;
  readonly status?: string;
}

/** What would go over the network: transactions with their spans, and errors. */
function keep(collector: Collector, [, items]: [unknown, [{ type: string }, never][]]): void {
  for (const [{ type }, body] of items) {
    if (type === 'event')
      collector.errors.push(
        (body as { exception?: { values: { type: string }[] } }).exception?.values[0]?.type ?? 'an event',
      );
    if (type !== 'transaction') continue;
    const { transaction, contexts, spans } = body as {
      transaction: string;
      contexts: { trace: SentSpan };
      spans: SentSpan[];
    };
    for (const span of [{ ...contexts.trace, description: transaction }, ...spans]) {
      collector.sent!.set(span.span_id, {
        name: span.description ?? '',
        attributes: span.data ?? {},
        status: span.status,
      });
    }
  }
}

const contender: Contender = {
  start(collector) {
    const Sentry = require('@sentry/nestjs');
    Sentry.init({
      dsn: 'http://public@127.0.0.1:9/1',
      tracesSampleRate: 1,
      openTelemetrySpanProcessors: [collector],
      // By default nothing is sent of an answer of 401 to 404.
      integrations: [Sentry.httpIntegration({ dropSpansForIncomingRequestStatusCodes: [] })],
      transport: () => ({
        send: async (envelope: never) => (keep(collector, envelope), {}),
        flush: async () => true,
      }),
    });
  },
  inNest() {
    const { APP_FILTER } = require('@nestjs/core');
    const { SentryTraced } = require('@sentry/nestjs');
    const { SentryGlobalFilter, SentryModule } = require('@sentry/nestjs/setup');
    return {
      imports: [SentryModule.forRoot()],
      providers: [{ provide: APP_FILTER, useClass: SentryGlobalFilter }],
      traced: SentryTraced,
    };
  },
  async shutdown() {
    await require('@sentry/nestjs').close(1000);
  },
};
export default contender;
