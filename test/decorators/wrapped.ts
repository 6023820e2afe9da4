import { type SpanOptions, Traced, traceTask, withSpan } from '../../src/index.ts';
import type { SpanRow } from '../harness.ts';

// Every way to wrap a function, and the rows of the ways to end; with decorators in the dialect this is compiled to.

export type Options = Omit<SpanOptions<[], unknown>, 'name' | 'resultAttributes'>;
type Wrap = <R>(options: Options, fn: () => R) => () => R;

export const ways: Record<string, Wrap> = {
  '@Traced': (options, fn) => {
    class Work {
      @Traced({ name: 'work', ...options })
      run() {
        return fn();
      }
    }
    const work = new Work();
    return () => work.run();
  },
  'class @Traced': (options, fn) => {
    @Traced({ name: () => 'work', ...options })
    class Work {
      run() {
        return fn();
      }
    }
    const work = new Work();
    return () => work.run();
  },
  traceTask: (options, fn) => traceTask(fn, { name: 'work', ...options }),
  withSpan: (options, fn) => () => withSpan({ name: 'work', ...options }, () => fn()),
};

export const failure = new TypeError('no stock');
export const reason = new Error('client left');
reason.name = 'ClientLeft';

export const RETURNED: SpanRow = { name: 'work' };
export const threw = (type: string, message: string, errorType = type): SpanRow => ({
  name: 'work',
  status: `ERROR ${message}`,
  attributes: { error: true, 'error.type': errorType },
  exceptions: [`${type}: ${message}`],
});
export const ABORTED: SpanRow = {
  name: 'work',
  status: 'ERROR client left',
  attributes: { error: true, 'oncespan.outcome': 'aborted', 'error.type': 'ClientLeft' },
  exceptions: ['ClientLeft: client left'],
};
export const TIMED_OUT: SpanRow = {
  name: 'work',
  status: 'ERROR the work had not settled after 50 ms',
  attributes: { error: true, 'oncespan.outcome': 'timed-out', 'error.type': 'TimeoutError' },
  exceptions: ['TimeoutError: the work had not settled after 50 ms'],
};
