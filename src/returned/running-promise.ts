import { dataProperty, holderOf, methodOf } from '../platform/data-property.ts';
import type { CoveredWork } from './covered-work.ts';
import { isIntrinsic, isZoneOrBluebird } from './promise.ts';

/** Whether the work of a promise is under way, whoever asks for it: subclasses that are lazy have a `then` of their own. */
export function isRunning(promise: object): boolean {
  const holder = holderOf(promise, 'then');
  return holder !== undefined && (isIntrinsic(holder) || isZoneOrBluebird(promise));
}

const BLUEBIRD_BRANCHES = '_branchesRemainingToCancel';

/** Tells at once what a promise of Bluebird's or zone.js' has settled to. @returns whether it had */
function tellIfSettled(promise: object, work: Pick<CoveredWork, 'returned' | 'threw'>): boolean {
  if (!isZoneOrBluebird(promise)) return false;
  const state = promise as {
    readonly __zone_symbol__state?: boolean | null;
    readonly __zone_symbol__value?: unknown;
    _target?(): { readonly _bitField: number; _settledValue(): unknown };
  };
  const target = state._target?.();
  // Bits of Bluebird's, https://github.com/petkaantonov/bluebird/blob/master/src/constants.js
  const isFulfilled = state.__zone_symbol__state ?? (target && (target._bitField & 0x2000000) !== 0);
  const isRejected = state.__zone_symbol__state === false || (target && (target._bitField & 0x1000000) !== 0);
  if (isFulfilled) work.returned(target ? target._settledValue() : state.__zone_symbol__value);
  else if (isRejected) work.threw(target ? target._settledValue() : state.__zone_symbol__value);
  return isFulfilled === true || isRejected === true;
}

/** A rejection of nobody's, until it is heard. */
async function rejected(error: unknown): Promise<never> {
  throw error;
}

/** What `then` reads on its promise: the class of the one it makes, and Bluebird's what it follows. Who reads it listens. */
const READ_BY_LISTENERS = ['constructor', '_target'];

/**
 * A promise that is under way and cannot be replaced: of a subclass, or with members of its own. It is listened to on the
 * side, which would hide a rejection that nobody handles: so that one is passed on, until somebody else listens.
 *
 * Who listens is seen by what the prototype is asked for. Not by an own property: a `constructor` on any promise makes
 * all of the process slower.
 */
export function observeRunningPromise(
  promise: object,
  work: Pick<CoveredWork, 'returned' | 'threw' | 'foundRunning'>,
): boolean {
  const then = methodOf(promise, 'then');
  if (then === undefined) return false;
  if (tellIfSettled(promise, work)) return true;
  const prototype = Object.getPrototypeOf(promise) as object;
  let isOurs = true;
  let isHeard = false;
  /** The rejection, passed on. */
  let unheard: Promise<never> | undefined;
  const restorePrototype = () => {
    if (Object.getPrototypeOf(promise) === shadow) Object.setPrototypeOf(promise, prototype);
  };
  const shadow: object = Object.create(prototype);
  for (const key of READ_BY_LISTENERS) {
    if (!(key in promise)) continue;
    const holder = holderOf(prototype, key) ?? prototype;
    Object.defineProperty(shadow, key, {
      enumerable: Object.prototype.propertyIsEnumerable.call(holder, key),
      get(this: object) {
        // A subclass whose constructor does something is not to be made another of.
        if (isOurs && key === 'constructor') return undefined;
        if (!isOurs && this === promise) {
          isHeard = true;
          unheard?.catch(() => {});
          restorePrototype();
        }
        return Reflect.get(prototype, key, this) as unknown;
      },
    });
  }
  if (!Reflect.setPrototypeOf(promise, shadow)) return false;
  // Bluebird cancels what nobody waits for any more, and we do not wait.
  const branches = dataProperty(promise, BLUEBIRD_BRANCHES);
  try {
    Reflect.apply(then, promise, [
      (value: unknown) => {
        restorePrototype();
        work.returned(value);
      },
      (error: unknown) => {
        // Whoever listens later handles it, as it would have handled the promise itself.
        if (!isHeard)
          unheard = isZoneOrBluebird(promise)
            ? (dataProperty(prototype, 'constructor') as PromiseConstructor).reject(error)
            : rejected(error);
        work.threw(error);
      },
    ] as never[]);
  } catch {
    // It has no state, and only looks like a promise.
    restorePrototype();
    return false;
  }
  if (BLUEBIRD_BRANCHES in promise) Reflect.set(promise, BLUEBIRD_BRANCHES, branches);
  isOurs = false;
  work.foundRunning();
  return true;
}
