import { awaitFlush, type AwaitFlushOptions } from '../../platform/flush.ts';
import { processWide } from '../../platform/process-wide.ts';
import { handOver, shutDownProvider, type ShutdownProvider } from './shut-down-provider.ts';

/** A provider that several users share, from its build to its shutdown. */
interface Share {
  readonly built: Promise<ShutdownProvider>;
  /** Once it has been built. */
  provider?: ShutdownProvider;
  leases: number;
  /** Set once the provider is being shut down. */
  closed?: Promise<void>;
}

interface State {
  readonly shares: Map<string, Share>;
  /** Undoes what was done for as long as a provider is shared. */
  undo?: (() => void) | undefined;
}

const state = /* @__PURE__ */ processWide<State>('providers', () => ({ shares: new Map() }));

/**
 * The shared provider named `key`, built if there is none. One that is being shut down is waited for, and another built.
 *
 * @returns the provider, and what gives the share back
 */
export async function share<P extends ShutdownProvider>(
  key: string,
  build: () => P | Promise<P>,
): Promise<{ provider: P; giveBack: (timeoutMs: number) => Promise<void> }> {
  const { shares } = state;
  let found = shares.get(key);
  for (; found?.closed !== undefined; found = shares.get(key)) await found.closed;
  const mine: Share = found ?? { built: Promise.resolve().then(build), leases: 0 };
  shares.set(key, mine);
  mine.leases++;
  try {
    const provider = (await mine.built) as P;
    mine.provider = provider;
    const giveBack = async (timeoutMs: number) => {
      if (--mine.leases === 0) await shutDownShare(key, mine, timeoutMs);
    };
    return { provider, giveBack };
  } catch (error) {
    forget(key, mine);
    throw error;
  }
}

export type FlushAllOptions = Pick<AwaitFlushOptions, 'timeoutMs' | 'holdsProcess'>;

/** Flushes every provider that has been built. Never rejects. */
export async function flushAll(options: FlushAllOptions): Promise<void> {
  await Promise.all(Array.from(state.shares.values(), ({ provider }) => awaitFlush(provider, options)));
}

/** Shuts every provider that has been built down, whoever shares it: the process ends. Never rejects. */
export async function shutDownAll(timeoutMs: number): Promise<void> {
  const built = Array.from(state.shares).filter(([, mine]) => mine.provider !== undefined);
  await Promise.all(built.map(([key, mine]) => shutDownShare(key, mine, timeoutMs)));
}

/** Does for every provider what can be done when the process exits. */
export function handAllOver(): void {
  for (const { provider, closed } of state.shares.values())
    if (provider !== undefined && closed === undefined) handOver(provider);
}

/** Calls `act`, once in the process, and what it returns once no provider is shared any more. */
export function untilNoneIsShared(act: () => () => void): void {
  state.undo ??= act();
}

function shutDownShare(key: string, mine: Share, timeoutMs: number): Promise<void> {
  const run = async () => {
    await shutDownProvider(mine.provider!, timeoutMs);
    forget(key, mine);
  };
  return (mine.closed ??= run());
}

function forget(key: string, mine: Share): void {
  if (state.shares.get(key) === mine) state.shares.delete(key);
  if (state.shares.size > 0) return;
  state.undo?.();
  state.undo = undefined;
}
