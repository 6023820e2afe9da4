import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { OtlpReceiver, type ReceivedSpan } from '../otlp-receiver.ts';
import { messageOf, spawnTypeScript } from './spawn-typescript.ts';

export interface Invocation {
  readonly event: object;
  readonly functionName: string;
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  /** When Lambda gives up on it, in milliseconds of the epoch. */
  readonly deadline: number;
}

export type Answer = { readonly result: unknown } | { readonly error: string };

interface Hung {
  readonly spans: readonly ReceivedSpan[];
  readonly answer: Promise<Answer>;
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A handler of the recipe in a process that is treated as Lambda treats it: it runs between an event and its answer alone. */
export class LambdaFunction {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #receiver: OtlpReceiver;
  #invocations = 0;

  private constructor(name: string, running: ChildProcess, receiver: OtlpReceiver) {
    this.#name = name;
    this.#process = running;
    this.#receiver = receiver;
  }

  /** Starts the process, which freezes until there is an event. */
  static async start(name: string, env: Readonly<Record<string, string>>): Promise<LambdaFunction> {
    const receiver = await OtlpReceiver.start();
    const running = spawnTypeScript(
      path('lambda-runtime.ts'),
      [path('../../examples/jobs/lambda.ts'), name],
      {
        ...env,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
        // Nothing is exported by a timer.
        OTEL_BSP_SCHEDULE_DELAY: '3600000',
      },
    );
    let stderr = '';
    running.stderr!.on('data', (written: Buffer) => (stderr += written.toString()));
    onTestFinished(async () => {
      if (running.exitCode === null && running.signalCode === null) {
        running.kill('SIGKILL');
        await once(running, 'close');
      }
      await receiver.close();
      expect(stderr).toBe('');
    });
    expect(await messageOf(running)).toBe('ready');
    running.kill('SIGSTOP');
    return new LambdaFunction(name, running, receiver);
  }

  /** @returns what it has answered, and the spans that had arrived by then, in their order */
  async invoke(event: object): Promise<Answer & { readonly spans: readonly ReceivedSpan[] }> {
    const before = this.#receiver.spans.length;
    this.#begin(event, 60_000);
    return new Promise((resolve) => {
      // Not a turn of the event loop later: nothing that arrives after the answer may count.
      this.#process.once('message', (answer: Answer) => {
        this.#process.kill('SIGSTOP');
        resolve({ ...answer, spans: this.#receiver.spans.slice(before) });
      });
    });
  }

  /** Invokes it when what it asks does not answer. @returns the spans that arrive all the same, and the answer after all */
  async invokeHung(event: object, leftMs: number): Promise<Hung> {
    let hasAnswered = false;
    const answer = new Promise<Answer>((resolve) => {
      this.#process.once('message', (given: Answer) => {
        this.#process.kill('SIGSTOP');
        hasAnswered = true;
        resolve(given);
      });
    });
    const arrived = new Promise<readonly ReceivedSpan[]>((resolve) => {
      this.#receiver.answer = (spans) => {
        resolve(spans);
        return 'accept';
      };
    });
    this.#begin(event, leftMs);
    const spans = await arrived;
    expect(hasAnswered).toBe(false);
    return { spans, answer };
  }

  /** What Lambda does with one that has not answered in time. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await once(this.#process, 'close');
  }

  /** As a collector does with connections that have been idle for long. */
  closeConnections(): void {
    for (const socket of this.#receiver.sockets) socket.destroy();
  }

  /** All that have arrived. */
  get spans(): readonly ReceivedSpan[] {
    return this.#receiver.spans;
  }

  #begin(event: object, leftMs: number): void {
    const invocation: Invocation = {
      event,
      functionName: this.#name,
      awsRequestId: `request-${++this.#invocations}`,
      invokedFunctionArn: `arn:aws:lambda:eu-central-1:123456789012:function:${this.#name}`,
      deadline: Date.now() + leftMs,
    };
    this.#process.kill('SIGCONT');
    this.#process.send(invocation);
  }
}
