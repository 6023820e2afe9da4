import 'reflect-metadata';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Job, type Queue, QueueEvents } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { Traced } from '../../src/index.ts';
import { TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
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
  });
});
