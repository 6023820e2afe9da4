// A server on this machine for what speaks HTTP.

import { createServer } from 'node:http';

/** Runs `act` with the address of a server, and a count of the requests that have arrived. */
export async function withServer(act) {
  const counts = { requests: 0 };
  const server = createServer(async (request, response) => {
    counts.requests++;
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const json = (status, value) => {
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-request-id': 'id-1',
        connection: 'close',
      });
      response.end(JSON.stringify(value));
    };
    if (pathname === '/json' || pathname === '/v1/echo')
      return json(200, {
        method: request.method,
        query: Object.fromEntries(searchParams),
        body: Buffer.concat(chunks).toString(),
        mine: request.headers['x-mine'],
      });
    if (pathname === '/text') return response.writeHead(200, { connection: 'close' }).end('some text');
    if (pathname === '/missing') return json(404, { error: 'missing' });
    if (pathname === '/moved')
      return response.writeHead(302, { location: '/json', connection: 'close' }).end();
    if (pathname === '/hangs') return undefined;
    if (pathname === '/v1/chat/completions') {
      const { stream, model } = JSON.parse(Buffer.concat(chunks));
      if (model === 'missing')
        return json(404, {
          error: { message: 'no such model', type: 'invalid_request_error', code: 'model_not_found' },
        });
      if (!stream)
        return json(200, {
          id: 'c',
          object: 'chat.completion',
          model,
          choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello' } }],
        });
      response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
      for (const content of ['a', 'b', 'c'])
        response.write(
          `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model, choices: [{ index: 0, delta: { role: 'assistant', content } }] })}\n\n`,
        );
      return response.end('data: [DONE]\n\n');
    }
    if (pathname === '/v1/models')
      return json(200, {
        object: 'list',
        data: [
          { id: 'a', object: 'model' },
          { id: 'b', object: 'model' },
        ],
      });
    return json(500, { error: 'no such path' });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  try {
    await act(url, counts);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** What an error of a client says. */
export const inParts = (error) => ({
  name: error.name,
  class: error.constructor?.name,
  message: String(error.message),
  code: error.code,
  status: error.status ?? error.response?.statusCode ?? error.response?.status,
});
