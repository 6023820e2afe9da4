import 'reflect-metadata';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Job, type Queue, QueueEvents } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { propagation, SpanKind } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { carrier, Traced, traceTask, withSpan } from '../../src/index.ts';
import { bullmq } from '../../src/jobs/index.ts';
import { TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { record } from '../harness.ts';
import { hasRedis } from '../servers/installed.ts';
import { useRedis } from '../servers/redis.ts';

describe.skipIf(!hasRedis)('WorkerHost on a real Redis (skipped where there is no redis-server)', () => {
  const redis = useRedis();

  @Injectable()
  class Mailer {
    @Traced()
    async send(to: string) {
      if (to === '') throw new RangeError('no address');
    }
  }

  @Processor('mail')
  class MailProcessor extends WorkerHost {
    readonly mailer: Mailer;

    constructor(mailer: Mailer) {
      super();
      this.mailer = mailer;
    }

    @Traced({ attributes: ({ name }: Job) => ({ 'job.name': name }) })
    async process(job: Job<{ to: string }>) {
      await this.mailer.send(job.data.to);
      return 'sent';
    }
  }

  test('a job that is done, and one that fails', async () => {
    using spans = recordSpans();
    const connection = { path: redis.path };
    @Module({
      imports: [
        TracingModule.forRoot(),
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: 'mail' }),
      ],
      providers: [Mailer, MailProcessor],
    })
    class MailModule {}
    const app = await NestFactory.createApplicationContext(MailModule, { logger: false });
    await app.init();
    const queue = app.get<Queue>(getQueueToken('mail'));
    const events = new QueueEvents('mail', { connection });
    await events.waitUntilReady();
    const settled = async (name: string, to: string) => {
      const job = await queue.add(name, { to });
      return job.waitUntilFinished(events).catch((error: Error) => error.message);
    };
    expect(await settled('welcome', 'ada')).toBe('sent');
    expect(await settled('goodbye', '')).toBe('no address');
    await events.close();
    await app.close();
    const job = (name: string) => ({ name: 'MailProcessor.process', attributes: { 'job.name': name } });
    const error = 'RangeError: no address';
    spans.only([
      { ...job('welcome'), children: ['Mailer.send'] },
      { ...job('goodbye'), error, children: [{ name: 'Mailer.send', error }] },
    ]);
    expect(new Set(spans.spans.map(({ name, kind }) => `${name} ${SpanKind[kind]}`))).toEqual(
      new Set(['MailProcessor.process CONSUMER', 'Mailer.send INTERNAL']),
    );
  });

  test('one that continues the trace of its producer, and one that nothing decorates', async () => {
    const { spans } = record();
    const connection = { path: redis.path };

    @Processor('receipts')
    class ReceiptProcessor extends WorkerHost {
      process(job: Job) {
        return this.#send(job);
      }

      readonly #send = traceTask(async (_job: Job) => 'sent', bullmq());
    }

    @Processor('letters')
    class LetterProcessor extends WorkerHost {
      async process() {
        return 'sent';
      }
    }

    @Module({
      imports: [
        TracingModule.forRoot({ classes: { exclude: [ReceiptProcessor] } }),
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: 'receipts' }, { name: 'letters' }),
      ],
      providers: [ReceiptProcessor, LetterProcessor],
    })
    class PostModule {}

    const app = await NestFactory.createApplicationContext(PostModule, { logger: false });
    await app.init();
    const send = async (name: string) => {
      const queue = app.get<Queue>(getQueueToken(name));
      const events = new QueueEvents(name, { connection });
      await events.waitUntilReady();
      const job = await withSpan('order', () => queue.add('one', { headers: carrier() }));
      expect(await job.waitUntilFinished(events)).toBe('sent');
      await events.close();
    };
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    try {
      for (const name of ['receipts', 'letters']) await send(name);
    } finally {
      propagation.disable();
      await app.close();
    }
    const name = (id: string | undefined) => spans().find((span) => span.spanContext().spanId === id)?.name;
    expect(spans().map((span) => [span.name, span.kind, name(span.parentSpanContext?.spanId)])).toEqual([
      ['order', SpanKind.INTERNAL, undefined],
      ['process receipts', SpanKind.CONSUMER, 'order'],
      ['order', SpanKind.INTERNAL, undefined],
      ['LetterProcessor.process', SpanKind.CONSUMER, undefined],
    ]);
  });
});
