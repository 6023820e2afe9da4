import { attempt, report } from '../platform/report.ts';
import type { EndedSpan } from './ended-span.ts';
import { Output } from './output.ts';
import { drawPicture } from './waterfall.ts';
import { openTerminal, type Terminal, type WaterfallOptions } from './terminal.ts';
import { type Picture, TraceBuffer } from './trace-buffer.ts';

/** How an export went. The SDK's own type, without the SDK. */
export interface ExportResult {
  /** 0 is success, 1 is failure. */
  readonly code: 0 | 1;
  readonly error?: Error;
}

/**
 * A span exporter for development: draws every trace as a picture in the terminal. Names are indented as a tree, bars
 * share a time axis, and below a span stands how it ended (`✗` an error, `⊘` an abort) and what it is linked to (`→`).
 *
 * A trace is drawn when its local root is exported. Children that come later are drawn under the trace's id, as `late`.
 * Spans whose local root never comes are drawn at shutdown, or when more than 5000 of them wait.
 *
 * @throws TypeError for a wrong option
 * @example
 * const exporter = new WaterfallSpanExporter();
 * const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
 */
export class WaterfallSpanExporter {
  readonly #terminal: Terminal;
  readonly #output: Output;
  readonly #buffer = new TraceBuffer();
  #shutdown: Promise<void> | undefined;

  constructor(options: WaterfallOptions = {}) {
    this.#terminal = openTerminal(options);
    this.#output = new Output(this.#terminal.stream);
  }

  /** Draws the traces that these spans complete, and keeps the other spans. Fails after `shutdown()`. */
  export(spans: readonly EndedSpan[], resultCallback: (result: ExportResult) => void): void {
    const answer = (result: ExportResult) =>
      attempt('the callback of an export', () => resultCallback(result));
    this.#export(spans).then(
      () => answer({ code: 0 }),
      (cause: unknown) =>
        answer({ code: 1, error: cause instanceof Error ? cause : new Error('writing failed', { cause }) }),
    );
  }

  /** Waits until what was drawn has been written. Draws nothing: spans that wait for their local root go on waiting. */
  forceFlush(): Promise<void> {
    return this.#output.flush();
  }

  /** Draws what is left and waits until it has been written. Never rejects, and leaves the stream open. */
  shutdown(): Promise<void> {
    return (this.#shutdown ??= this.#printRest());
  }

  async #export(spans: readonly EndedSpan[]): Promise<void> {
    if (this.#shutdown !== undefined) throw new Error('WaterfallSpanExporter has been shut down');
    await this.#print(this.#buffer.add(spans));
  }

  async #printRest(): Promise<void> {
    await this.#print(this.#buffer.takeAll()).catch((error: unknown) =>
      report('the last traces could not be drawn', error),
    );
    await this.#output.flush();
  }

  async #print(pictures: readonly Picture[]): Promise<void> {
    if (pictures.length === 0) return;
    const { paint, width } = this.#terminal;
    const nameOfTrace = (traceId: string) => this.#buffer.nameOfTrace(traceId);
    const rules = { width: width(), paint, nameOfTrace };
    await this.#output.write(pictures.map((picture) => drawPicture(picture, rules)).join(''));
  }
}
