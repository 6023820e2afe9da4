import { TracerProvider } from '@opentelemetry/sdk-trace';
import { misbehaviour } from '../../../behaviour.mjs';

export const runtime = 'edge';
export const dynamic = 'force-dynamic';

export async function GET() {
  return Response.json(
    await misbehaviour((processor) => new TracerProvider({ spanProcessors: [processor] })),
  );
}
