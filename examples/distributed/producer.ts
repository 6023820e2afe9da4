// producer.ts COUNT: places so many orders, each in a trace of its own.

import { SpanKind } from '@opentelemetry/api';
import { Queue } from 'bullmq';
import { carrier, traceTask } from 'oncespan';
import { connection, fateOf, type Order } from './orders.ts';
import { startTracingAs } from './tracing.ts';

const lease = await startTracingAs('producer');
const queue = new Queue<Order>('orders', { connection });

const place = traceTask(
  (id: number) => queue.add('order', { fate: fateOf(id), headers: carrier() }, { jobId: `order-${id}` }),
  { name: 'place order', kind: SpanKind.PRODUCER },
);

await Promise.all(Array.from({ length: Number(process.argv[2]) }, (_, id) => place(id)));
await queue.close();
await lease.release();
