import { flush, liveSpans, traceTask } from 'oncespan';

export const dynamic = 'force-dynamic';

const step = traceTask(async () => 1, 'step');
const work = traceTask(async () => (await step()) + (await step()), 'work');

/** Next's own span is around it, and still live. */
export async function GET() {
  const value = await work();
  const { status } = await flush();
  const { exported } = globalThis;
  const nameOf = (id) => exported.find((span) => span.spanContext().spanId === id)?.name ?? 'live';
  const spans = exported
    .filter(({ name }) => name === 'work' || name === 'step')
    .map(({ name, parentSpanContext: parent }) => `${name} < ${parent ? nameOf(parent.spanId) : 'none'}`);
  return Response.json({ value, status, spans, live: liveSpans().length });
}
