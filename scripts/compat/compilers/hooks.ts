// Only compiled, in either dialect: hooks, and inline functions in places that leave no type argument open.
// What queues and frameworks declare has `any` in it.
/* oxlint-disable typescript/no-explicit-any, typescript/no-extraneous-class */
import { Traced, traceTask } from 'oncespan';

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export declare function same<A, B>(...no: Equals<A, B> extends true ? [] : ['the types differ', A, B]): void;

export interface Mail {
  readonly id: string;
  readonly to: readonly string[];
}

export class Mails {
  @Traced({ attributes: (mail: { id: string }) => ({ 'mail.id': mail.id }) })
  async keep<T extends { id: string }>(mail: T): Promise<T> {
    return mail;
  }

  @Traced({ resultAttributes: (mail: Mail | undefined) => ({ 'mail.to': mail?.to.length ?? 0 }) })
  async find<T extends Mail>(mail: T): Promise<T> {
    return mail;
  }

  @Traced({ attributes: (id: string | number) => ({ 'mail.id': id }) })
  send(id: string, to: string[]): number {
    return id.length + to.length;
  }

  @Traced({ attributes: (_id: unknown, to: readonly unknown[]) => ({ 'mail.to': to.length }) })
  resend(id: string, to: string[]): number {
    return this.send(id, to);
  }

  // @ts-expect-error not every id is a string
  @Traced({ attributes: (id: string) => ({ 'mail.id': id }) })
  drop(id: string | number): string | number {
    return id;
  }

  // @ts-expect-error not every mail has receivers
  @Traced({ attributes: (mail: Mail) => ({ 'mail.to': mail.to.length }) })
  archive<T extends { id: string }>(mail: T): T {
    return mail;
  }

  // @ts-expect-error it may resolve to nothing
  @Traced({ resultAttributes: (mail: Mail) => ({ 'mail.id': mail.id }) })
  async last(): Promise<Mail | undefined> {
    return undefined;
  }
}

type Send = (mail: Mail, context: { left(): number }) => Promise<{ state: 'sent' | 'late' }>;
export const send: Send = traceTask(async (mail, { left }) => {
  same<Mail, typeof mail>();
  return { state: left() > 0 ? 'sent' : 'late' };
});
export const maybe: { readonly send?: Send } = {
  send: traceTask(async (mail, { left }) => ({ state: left() > mail.to.length ? 'sent' : 'late' }), {
    attributes: ({ id }, context) => (same<number, ReturnType<typeof context.left>>(), { id }),
    resultAttributes: ({ state }) => (same<'sent' | 'late', typeof state>(), { state }),
  }),
};

declare function add<R>(task: (options: { signal?: AbortSignal }) => PromiseLike<R>): Promise<R>;
export const added: Promise<number> = add(
  traceTask(async ({ signal }) => (same<AbortSignal | undefined, typeof signal>(), 5)),
);
export const doubled: number[] = [1, 2].map(traceTask((n) => n * 2, { attributes: (n) => ({ n }) }));

declare function overloaded(id: string): string;
declare function overloaded(id: number, radix: number): Promise<number>;
const own = Object.assign(overloaded, { attempts: 3 });
same<typeof own, ReturnType<typeof traceTask<typeof own>>>();
export const first: string = traceTask(own)('a');
// @ts-expect-error not a function
traceTask('send');
// @ts-expect-error a mail has no such field
traceTask(send, { attributes: (mail) => ({ mail: mail.nothing }) });

interface Job<D, R> {
  readonly id: string;
  readonly data: D;
  readonly returnvalue: R;
}
export declare class Worker<D = any, R = any> {
  constructor(
    name: string,
    processor?: string | URL | null | ((job: Job<D, R>, token?: string, signal?: AbortSignal) => Promise<R>),
  );
}
export const worker = new Worker<Mail, string>(
  'mail',
  traceTask(async (job, _token, signal) => {
    same<[Job<Mail, string>, AbortSignal | undefined], [typeof job, typeof signal]>();
    return job.data.id;
  }),
);
