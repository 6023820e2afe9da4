import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';

/** An exception that a span was told of. */
export interface RecordedError {
  /** Its name. */
  readonly type: string;
  readonly message: string;
}

/** A span that was recorded, and what it was told, as the specification has it: nothing after its end. */
export interface RecordedSpan extends Span {
  readonly name: string;
  readonly kind: SpanKind;
  /** The parent, if it was recorded too. */
  readonly parent: RecordedSpan | undefined;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  /** The exceptions that it was told of. */
  readonly errors: readonly RecordedError[];
  /** Names of the events that are no exceptions. */
  readonly events: readonly string[];
  readonly status: SpanStatus;
  /** Whether it has ended. */
  readonly ended: boolean;
  /** How often `end()` was called: once is right. */
  readonly endCalls: number;
}

/** Keeps what it is told as the specification wants it: once ended, nothing changes, and a status of OK is final. */
export class SpanRecord implements RecordedSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parent: RecordedSpan | undefined;
  readonly attributes: Attributes = {};
  readonly links: Link[] = [];
  readonly errors: RecordedError[] = [];
  readonly events: string[] = [];
  status: SpanStatus = { code: SpanStatusCode.UNSET };
  endCalls = 0;
  readonly #context: SpanContext;
  readonly #onEnd: (span: RecordedSpan) => void;

  constructor(
    name: string,
    context: SpanContext,
    parent: RecordedSpan | undefined,
    options: SpanOptions,
    onEnd: (span: RecordedSpan) => void,
  ) {
    this.name = name;
    this.kind = options.kind ?? SpanKind.INTERNAL;
    this.parent = parent;
    this.#context = context;
    this.#onEnd = onEnd;
    this.setAttributes(options.attributes ?? {});
    this.addLinks(options.links ?? []);
  }

  get ended(): boolean {
    return this.endCalls > 0;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  /** As a span of the SDK tells it. */
  get parentSpanContext(): SpanContext | undefined {
    return this.parent?.spanContext();
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this.ended && value !== undefined) this.attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value!);
    return this;
  }

  addEvent(name: string): this {
    if (!this.ended) this.events.push(name);
    return this;
  }

  recordException(exception: Exception): void {
    if (this.ended) return;
    const described = typeof exception === 'string' ? { message: exception } : exception;
    const { name, message } = (described as { name?: string; message?: string } | undefined) ?? {};
    this.errors.push({ type: name ?? '', message: message ?? '' });
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    if (!this.ended) this.links.push(...links);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.ended && this.status.code !== SpanStatusCode.OK) this.status = status;
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  end(_endTime?: TimeInput): void {
    this.endCalls += 1;
    if (this.endCalls === 1) this.#onEnd(this);
  }
}
