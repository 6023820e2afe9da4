/** So many calls of ours within each other: most programs never get there, and only from there on the stack is measured. */
const DEEP = 50;

/**
 * Frames that must be free before a span is started: what this library, an SDK and its processors take to end it, twice,
 * so that a recursion to the end of the stack, which from there on is not traced, gets as deep as one traced by hand.
 */
const FRAMES = 2000;

let depth = 0;

/**
 * Whether the stack has room to start a span, and to end it later. One look before the call is enough: after it, the stack
 * is as it was.
 */
export function hasRoomForSpan(): boolean {
  return depth < DEEP || hasRoom();
}

/** Counts a traced call in; {@link leaveCall} counts it out. */
export function enterCall(): void {
  depth++;
}

export function leaveCall(): void {
  depth--;
}

/** Whether `error` came from a full stack, and there is still no room to end a span: an SDK that ends one halfway loses it. */
export function isStackFull(error: unknown): boolean {
  try {
    if (!(error instanceof RangeError)) return false;
  } catch {
    // A proxy that refuses the look; or the stack is full.
  }
  return !hasRoom();
}

function hasRoom(): boolean {
  try {
    return isFree(FRAMES);
  } catch {
    return false;
  }
}

function isFree(frames: number): boolean {
  return frames === 0 || isFree(frames - 1);
}
