// An exporter that remembers what it was asked, and answers as a scenario wants it: now, later, never, with a failure.

export const REFUSAL = new Error('the collector is down');

/** How an exporter answers an export. */
export const accepts = ({ answer }) => answer({ code: 0 });
export const refuses = ({ answer }) => answer({ code: 1, error: REFUSAL });
export const throws = () => {
  throw REFUSAL;
};
export const holds = () => {};
export const acceptsAfter = (ms) => (one) => setTimeout(() => accepts(one), ms);

export class Exporter {
  /** Every export so far, in order. Of those that are held, the scenario calls `answer()`. */
  exports = [];
  flushes = 0;
  shutdowns = 0;
  /** Exports that had been answered when the first `shutdown()` came. */
  answeredAtShutdown;
  mostInFlight = 0;
  #inFlight = new Set();
  #respond;

  constructor(respond = accepts) {
    this.#respond = respond;
  }

  /** From now on. */
  respondWith(respond) {
    this.#respond = respond;
  }

  export(spans, answer) {
    const one = {
      spans: [...spans],
      answer: (result) => {
        this.#inFlight.delete(one);
        answer(result);
      },
    };
    this.exports.push(one);
    this.#inFlight.add(one);
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight.size);
    this.#respond(one);
  }

  async forceFlush() {
    this.flushes++;
  }

  async shutdown() {
    this.shutdowns++;
    this.answeredAtShutdown ??= this.exports.length - this.#inFlight.size;
  }

  /** Accepts what is held, and from now on everything. */
  release() {
    this.respondWith(accepts);
    for (const one of this.#inFlight) accepts(one);
  }

  /** The names of the spans of each export. */
  get batches() {
    return this.exports.map(({ spans }) => spans.map(({ name }) => name));
  }

  get names() {
    return this.batches.flat();
  }

  get sizes() {
    return this.exports.map(({ spans }) => spans.length);
  }
}
