import { chainOf } from '../platform/data-property.ts';
import { nameOf } from '../platform/stand-in.ts';
import { processWide } from '../platform/process-wide.ts';
import { attempt } from '../platform/report.ts';

export type Key = string | symbol;

/** What is known of a member while it is decorated. */
export interface Member {
  readonly key: Key;
  readonly className?: string | undefined;
  /** The prototype or class that it stands on. Standard decorators are not told. */
  readonly holder?: object | undefined;
  /** What all decorators of the member see, whatever they have made of its function: finds a mark again. */
  readonly markedOn?: object | undefined;
  /** Beside instance members of the same name, where both are marked on one object. */
  readonly isStatic?: boolean | undefined;
}

/** Members that a decorator has marked: their functions, and their places, for when another one has wrapped those. */
export interface MemberMarks {
  readonly functions: WeakSet<object>;
  readonly places: WeakMap<object, Set<Key>>;
}

export function newMarks(): MemberMarks {
  return { functions: new WeakSet(), places: new WeakMap() };
}

/** Marks that all copies of this library share: a class and its base can be decorated by two. */
export function sharedMarks(name: 'traced' | 'untraced'): MemberMarks {
  return processWide(`${name}-members`, newMarks);
}

export function mark(marks: MemberMarks, fn: object, member: Member): void {
  marks.functions.add(fn);
  keysOf(marks, member)?.add(member.key);
}

export function isMarked(marks: MemberMarks, fn: object, member: Member): boolean {
  return marks.functions.has(fn) || keysOf(marks, member)?.has(member.key) === true;
}

/** The marked keys where a member stands; those of statics hang on the set of the others. */
function keysOf({ places }: MemberMarks, { markedOn, isStatic }: Member): Set<Key> | undefined {
  const keysOn = (place: object) => {
    const keys = places.get(place) ?? new Set();
    places.set(place, keys);
    return keys;
  };
  const keys = markedOn && keysOn(markedOn);
  return keys && isStatic ? keysOn(keys) : keys;
}

/** As JavaScript names functions: `place`, `#place`, `[place]` for a symbol. */
export function memberName(key: Key): string {
  return typeof key === 'symbol' ? `[${key.description ?? ''}]` : key;
}

/** The name of a class, or of the class of an instance or a prototype. */
export function classNameOf(target: unknown): string | undefined {
  if (typeof target === 'function') return nameOf(target);
  return nameOf(attempt('reading a class', () => (target as object | undefined)?.constructor));
}

/** The class on whose prototype, or as whose static, `method` stands under `key`, when it is called on `self`. */
export function declaringClass(
  self: unknown,
  key: Key,
  method: unknown,
): { readonly name: string | undefined; readonly isSure: boolean } {
  let nearest: object | undefined;
  for (const holder of chainOf(self == null ? null : (Object(self) as object))) {
    const member = Object.getOwnPropertyDescriptor(holder, key);
    if (member?.value === method) return { name: classNameOf(holder), isSure: true };
    if (member !== undefined) nearest ??= holder;
  }
  // Another decorator has wrapped it, or it is #private and stands nowhere.
  return { name: classNameOf(nearest ?? self), isSure: false };
}
