import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text, buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';

/**
 * What is needed of the protocol's own definitions to read a request; a decoder skips the fields that are left out.
 * https://github.com/open-telemetry/opentelemetry-proto/tree/v1.9.0/opentelemetry/proto (Apache-2.0)
 */
const DEFINITIONS = `
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; }
  message InstrumentationScope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    bytes parent_span_id = 4;
    string name = 5;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
  }`;

const ExportRequest = protobuf.parse(DEFINITIONS).root.lookupType('ExportTraceServiceRequest');

/** A span as it arrived, the same for both encodings. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What to answer: success, a status with perhaps `Retry-After` in seconds, no answer at all, or a closed connection. */
export type ReceiverAnswer =
  'accept' | 'hang' | 'drop' | { readonly status: number; readonly retryAfter?: number };

interface ExportBody {
  resourceSpans?: { scopeSpans?: { spans?: SpanBody[] }[] }[];
}

interface SpanBody {
  traceId: string | Uint8Array;
  spanId: string | Uint8Array;
  parentSpanId?: string | Uint8Array;
  name: string;
  status?: { code?: number; message?: string };
  attributes?: { key: string; value: Record<string, unknown> }[];
}

/** A collector of traces over OTLP/HTTP that behaves as well or as badly as it is told. It keeps what it has accepted. */
export class OtlpReceiver {
  /** Accepted spans: those of requests that were answered with success. */
  readonly spans: ReceivedSpan[] = [];
  readonly sockets = new Set<Socket>();
  requests = 0;
  /** Decides about each request. A promise is a slow answer. */
  answer: (spans: readonly ReceivedSpan[]) => ReceiverAnswer | Promise<ReceiverAnswer> = () => 'accept';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  /** The names of the accepted spans, sorted. */
  get names(): string[] {
    return this.spans.map(({ name }) => name).toSorted();
  }

  /** How many accepted spans had been accepted before. */
  get duplicates(): number {
    return this.spans.length - new Set(this.spans.map(({ traceId, spanId }) => traceId + spanId)).size;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    const spans = await readSpans(request);
    const answer = await this.answer(spans);
    if (answer === 'hang') return;
    if (answer === 'drop') return void request.socket.destroy();
    if (answer === 'accept') this.spans.push(...spans);
    else if (answer.retryAfter !== undefined) response.setHeader('Retry-After', answer.retryAfter);
    response.writeHead(answer === 'accept' ? 200 : answer.status).end();
  }
}

async function readSpans(request: IncomingMessage): Promise<ReceivedSpan[]> {
  const isJson = request.headers['content-type'] === 'application/json';
  return isJson ? spansIn(JSON.parse(await text(request)) as ExportBody) : decodeSpans(await buffer(request));
}

/** The spans in the body of a request in protobuf. */
export function decodeSpans(body: Uint8Array): ReceivedSpan[] {
  return spansIn(ExportRequest.toObject(ExportRequest.decode(body), { longs: Number }) as ExportBody);
}

function spansIn({ resourceSpans = [] }: ExportBody): ReceivedSpan[] {
  const scopes = resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans);
  return scopes.flatMap(({ spans = [] }) => spans.map(readSpan));
}

function readSpan({
  traceId,
  spanId,
  parentSpanId = '',
  name,
  status,
  attributes = [],
}: SpanBody): ReceivedSpan {
  return {
    traceId: hex(traceId),
    spanId: hex(spanId),
    parentSpanId: hex(parentSpanId),
    name,
    statusCode: status?.code ?? 0,
    statusMessage: status?.message ?? '',
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
  };
}

/** Identifiers are bytes in protobuf and hexadecimal in JSON. */
function hex(id: string | Uint8Array): string {
  return typeof id === 'string' ? id : Buffer.from(id).toString('hex');
}
