// Only compiled: inline functions in places whose type arguments are still open when the compiler comes to them.
// What queues and frameworks declare has `any` in it.
/* oxlint-disable typescript/no-explicit-any, typescript/no-extraneous-class */
import { traceTask } from 'oncespan';
import { same, Worker } from './hooks.js';

export const worker = new Worker(
  'mail',
  traceTask(async (job, token, signal) => {
    same<[string, any], [typeof job.id, typeof job.data]>();
    same<[string | undefined, AbortSignal | undefined], [typeof token, typeof signal]>();
    // @ts-expect-error a job has no such field
    return job.nothing;
  }),
);

interface Message<T> {
  readonly id: string;
  readonly data: T;
}
declare class Consumer<T = any> {
  constructor(processor?: string | ((message: Message<T>) => Promise<unknown>) | null);
}
export const consumer = new Consumer(
  traceTask(async (message) => (same<Message<any>, typeof message>(), message.data.to)),
);

declare function schema<T>(): { parse(value: unknown): T };
declare function tool<I, O>(definition: {
  inputSchema: { parse(value: unknown): I };
  execute?: (input: I, options: { signal?: AbortSignal }) => PromiseLike<O>;
}): { input: I; output: O };
export const weather: { input: { city: string }; output: number } = tool({
  inputSchema: schema<{ city: string }>(),
  execute: traceTask(async ({ city }, { signal }) => {
    same<[string, AbortSignal | undefined], [typeof city, typeof signal]>();
    return city.length;
  }),
});

interface Route<P, Body = any> {
  (request: { params: P; body: Body }, response: { send(body: Body): void }): unknown;
}
declare function get<Path extends string, P = { path: Path }, Body = any>(
  path: Path,
  ...routes: Route<P, Body>[]
): void;
get(
  '/',
  traceTask((request, response) => {
    same<{ path: '/' }, typeof request.params>();
    response.send(request.body.text);
  }),
);
