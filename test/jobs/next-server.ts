import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { OtlpReceiver, type ReceivedSpan } from '../otlp-receiver.ts';

/** A project that has been built, served by `next start` until the test has finished. */
export class NextServer {
  readonly #url: string;
  readonly #arrived: readonly ReceivedSpan[];
  /** Called when spans have arrived. */
  readonly #waiting: Set<() => void>;

  private constructor(url: string, arrived: readonly ReceivedSpan[], waiting: Set<() => void>) {
    this.#url = url;
    this.#arrived = arrived;
    this.#waiting = waiting;
  }

  static async start(project: string, env: Readonly<Record<string, string>>): Promise<NextServer> {
    const receiver = await OtlpReceiver.start();
    const arrived: ReceivedSpan[] = [];
    const waiting = new Set<() => void>();
    receiver.answer = (spans) => {
      arrived.push(...spans);
      for (const look of waiting) look();
      return 'accept';
    };
    const program = join(project, 'node_modules/next/dist/bin/next');
    const running = spawn(process.execPath, [program, 'start', '-H', '127.0.0.1', '-p', '0'], {
      cwd: project,
      env: {
        ...process.env,
        ...env,
        NODE_ENV: 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
        // Nothing is exported by a timer.
        OTEL_BSP_SCHEDULE_DELAY: '3600000',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(async () => {
      const closed = once(running, 'close');
      if (running.kill('SIGKILL')) await closed;
      await receiver.close();
    });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const read = (written: Buffer) => {
        output += written.toString();
        const [, found] = /(http:\/\/127\.0\.0\.1:\d+)[^]*Ready in/.exec(output) ?? [];
        if (found !== undefined) resolve(found);
      };
      running.stdout.on('data', read);
      running.stderr.on('data', read);
      running.once('close', () => reject(new Error(`next start has ended:\n${output}`)));
    });
    return new NextServer(url, arrived, waiting);
  }

  request(path: string, options: RequestInit): Promise<Response> {
    return fetch(this.#url + path, { method: 'POST', ...options });
  }

  spansOf(traceId: string): ReceivedSpan[] {
    return this.#arrived.filter((span) => span.traceId === traceId);
  }

  has(traceId: string, name: string): boolean {
    return this.spansOf(traceId).some((span) => span.name === name);
  }

  /** Resolves when such a span is there. */
  arrival(traceId: string, name: string): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.has(traceId, name)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
