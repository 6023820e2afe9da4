import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text, buffer } from 'node:stream/consumers';
import type { HrTime, SpanKind } from '@opentelemetry/api';
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
    int32 kind = 6;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    repeated Link links = 13;
    Status status = 15;
  }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
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
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly statusCode: number;
  readonly statusMessage: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** The attributes of the process that made it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

/** What to answer: success, a status with perhaps `Retry-After` in seconds, no answer at all, or a closed connection. */
export type ReceiverAnswer =
  'accept' | 'hang' | 'drop' | { readonly status: number; readonly retryAfter?: number };

interface ExportBody {
  resourceSpans?: { resource?: { attributes?: AttributeBody[] }; scopeSpans?: { spans?: SpanBody[] }[] }[];
}

interface AttributeBody {
  key: string;
  value: Record<string, unknown>;
}

/** Identifiers are bytes in protobuf and hexadecimal in JSON. */
type Id = string | Uint8Array;

interface SpanBody {
  traceId: Id;
  spanId: Id;
  parentSpanId?: Id;
  name: string;
  kind: number;
  startTimeUnixNano: number | string;
  endTimeUnixNano: number | string;
  status?: { code?: number; message?: string };
  attributes?: AttributeBody[];
  links?: { traceId: Id; spanId: Id }[];
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
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const spans = scopeSpans.flatMap((scope) => scope.spans ?? []);
    return spans.map((span) => readSpan(span, recordOf(resource?.attributes)));
  });
}

function readSpan(span: SpanBody, resource: ReceivedSpan['resource']): ReceivedSpan {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId ?? '') || undefined,
    name: span.name,
    // The protocol has 0 for one that is not known.
    kind: span.kind - 1,
    startTime: timeOf(span.startTimeUnixNano),
    endTime: timeOf(span.endTimeUnixNano),
    statusCode: span.status?.code ?? 0,
    statusMessage: span.status?.message || undefined,
    attributes: recordOf(span.attributes),
    links: (span.links ?? []).map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
    resource,
  };
}

function recordOf(attributes: readonly AttributeBody[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** As exact as a number is: to 256 nanoseconds. */
function timeOf(unixNano: number | string): HrTime {
  const nanoseconds = Number(unixNano);
  return [Math.floor(nanoseconds / 1e9), nanoseconds % 1e9];
}

function hex(id: Id): string {
  return typeof id === 'string' ? id : Buffer.from(id).toString('hex');
}
