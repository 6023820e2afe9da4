import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ReceiveMessageCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import { createRequestHandler } from 'local-aws-sqs';
import { type Server, useServer } from './use-server.ts';

interface Sqs extends Server {
  readonly client: SQSClient;
}

/** Starts a server with the protocol of Amazon SQS on a port of its own. It lives in this process, and keeps nothing. */
export async function startSqs(): Promise<Sqs> {
  let serve: RequestListener;
  const server = createServer((request, response) => serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // The addresses of queues name the port.
  serve = createRequestHandler({ hostname: '127.0.0.1', port }).requestHandler;
  const client = new SQSClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'tests', secretAccessKey: 'tests' },
  });
  // The server knows the older name alone.
  client.middlewareStack.add(
    (next) => (args) => {
      const { MessageSystemAttributeNames: names } = args.input as ReceiveMessageCommandInput;
      if (names) Object.assign(args.input, { AttributeNames: names });
      return next(args);
    },
    { step: 'initialize' },
  );
  const stop = async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { client, stop };
}

export const useSqs = () => useServer(startSqs);
