import type { OutputStream } from './terminal.ts';

type Answer = (error?: Error | null) => void;

/** Writes to a stream, and survives it: an `error` event that nobody listens to would end the process. */
export class Output {
  readonly #stream: OutputStream;
  /** Of the writes that are under way. There are listeners on the stream while there are any. */
  readonly #answers = new Set<Answer>();
  /**
   * Of the stream, after which it is left alone. The standard output opens itself again between the callback of a failed
   * write and its `error` event: the event of another write that failed in between would find no listener.
   */
  #failure: Error | undefined;
  #written: Promise<unknown> = Promise.resolve();

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** Writes at once: a process that is about to crash has no later. Rejects if the text could not be written. */
  write(text: string): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#stream.writable === false) throw new Error('the stream has ended');
      if (this.#stream.on === undefined) return resolve(void this.#stream.write(text));
      this.#writeListening(text, (error) => (error ? reject(error) : resolve()));
    });
    this.#written = Promise.allSettled([this.#written, written]);
    return written;
  }

  /** Resolves when everything has been written, or could not be. */
  async flush(): Promise<void> {
    await this.#written;
  }

  #writeListening(text: string, answer: Answer): void {
    if (this.#answers.size === 0) {
      this.#stream.on?.('error', this.#fail);
      this.#stream.on?.('close', this.#fail);
    }
    this.#answers.add(answer);
    try {
      this.#stream.write(text, (error) => {
        answer(error);
        // The `error` event comes after the callback.
        if (error) this.#failure = error;
        else this.#forget(answer);
      });
    } catch (error) {
      this.#forget(answer);
      throw error;
    }
  }

  readonly #fail = (error = new Error('the stream was closed')): void => {
    this.#failure = error;
    for (const answer of this.#answers) {
      answer(error);
      this.#forget(answer);
    }
  };

  #forget(answer: Answer): void {
    this.#answers.delete(answer);
    if (this.#answers.size > 0) return;
    this.#stream.off?.('error', this.#fail);
    this.#stream.off?.('close', this.#fail);
  }
}
