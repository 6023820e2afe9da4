import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { OtlpReceiver, type ReceivedSpan, type ReceiverAnswer } from '../otlp-receiver.ts';
import type { bundleLibrary } from './bundle.ts';
import { SPEECH } from './say.ts';

/** A process under test, as those who act on it see it. */
export interface Child {
  kill(signal: NodeJS.Signals): void;
  tell(word: string): void;
  /** Resolves when the child has said so. */
  hasSaid(line: string): Promise<void>;
}

export interface ChildOptions {
  /** What is run as PID 1 of a namespace of its own. */
  readonly isPid1?: boolean;
  /** What to do when the child says a line for the first time. */
  readonly on?: Readonly<Record<string, (child: Child) => void>>;
  /** Called before spans are accepted. */
  readonly onArrival?: (names: readonly string[], child: Child) => void | Promise<void>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** The lines that it has said, by `say()`. */
  readonly said: readonly string[];
  readonly stderr: string;
  readonly spans: readonly ReceivedSpan[];
  readonly duplicates: number;
}

const AS_PID_1 = ['unshare', '--pid', '--fork', '--kill-child'];

/** Whether this host has namespaces of processes, and lets us make one. */
export const hasNamespaces = spawnSync(AS_PID_1[0]!, [...AS_PID_1.slice(1), 'true']).status === 0;

const { SDK = '@opentelemetry/sdk-trace' } = process.env;

/** Runs a script of this folder, which traces over OTLP/HTTP, until it has ended. */
export async function runChild(
  { url: LIBRARY }: Awaited<ReturnType<typeof bundleLibrary>>,
  script: string,
  args: readonly string[],
  { isPid1 = false, on = {}, onArrival = () => {} }: ChildOptions = {},
): Promise<Ended> {
  const receiver = await OtlpReceiver.start();
  const path = fileURLToPath(new URL(script, import.meta.url));
  const [command, ...rest] = [...(isPid1 ? AS_PID_1 : []), process.execPath, path, ...args];
  const running = spawn(command!, rest, {
    env: { ...process.env, LIBRARY, SDK, RECEIVER: receiver.url },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
  });
  // One that does not end, as it is to, would go on for ever.
  onTestFinished(() => void running.kill('SIGKILL'));
  const said: string[] = [];
  const waiting = new Map<string, () => void>();
  const child: Child = {
    kill: (signal) => void process.kill(isPid1 ? childOf(running.pid!) : running.pid!, signal),
    tell: (word) => void running.send(word),
    hasSaid: (line) =>
      said.includes(line) ? Promise.resolve() : new Promise((resolve) => waiting.set(line, resolve)),
  };
  receiver.answer = async (spans): Promise<ReceiverAnswer> => {
    await onArrival(
      spans.map(({ name }) => name),
      child,
    );
    return 'accept';
  };
  createInterface(running.stdio[SPEECH] as Readable).on('line', (line) => {
    if (!said.includes(line)) on[line]?.(child);
    said.push(line);
    waiting.get(line)?.();
  });
  let stderr = '';
  running.stderr!.on('data', (written: Buffer) => (stderr += written.toString()));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    running.once('close', (...how) => resolve(how));
  });
  await receiver.close();
  const { spans, duplicates } = receiver;
  return { code, signal, said, stderr, spans, duplicates };
}

/** The id, as it is outside, of the only process that another has started. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
}
