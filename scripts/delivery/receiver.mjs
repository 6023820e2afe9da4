// A collector in a thread of its own, so that it takes no time from whoever sends. It answers each request after the round
// trip, and looks into what it has got only when asked to count.
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { decodeSpans } from '../../test/otlp-receiver.ts';

/** @returns where to send to, and `count()`, which closes the receiver and says what has arrived */
export async function startReceiver(roundTripMs) {
  const worker = new Worker(new URL(import.meta.url), { workerData: roundTripMs });
  const heard = () => new Promise((resolve) => worker.once('message', resolve));
  const url = await heard();
  const count = () => {
    worker.postMessage('count');
    return heard();
  };
  return { url, count };
}

function receive(roundTripMs) {
  const bodies = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (roundTripMs > 0) await sleep(roundTripMs);
    bodies.push(body);
    response.end();
  });
  parentPort.once('message', () => {
    const ids = bodies.flatMap(decodeSpans).map(({ traceId, spanId }) => traceId + spanId);
    const arrived = new Set(ids).size;
    parentPort.postMessage({ arrived, duplicates: ids.length - arrived });
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1', () =>
    parentPort.postMessage(`http://127.0.0.1:${server.address().port}/v1/traces`),
  );
}

if (!isMainThread) receive(workerData);
