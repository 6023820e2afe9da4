/** So many calls of ours within each other: most programs never get there, and only from there on the stack is measured. */
const DEEP = 50;

/** Frames that must be free before a span is started: what this library, an SDK and its processors take to end it. */
const FRAMES = 1000;

let depth = 0;

/**
 * Counts a call in, and says whether the stack has room for a span: what is started at the very end of the stack could not
 * be ended there. After the call the stack is as it was at its beginning, so one look is enough.
 */
export function hasRoomForSpan(): boolean {
  return depth < DEEP || hasRoom(FRAMES);
}

export function enterCall(): void {
  depth++;
}

export function leaveCall(): void {
  depth--;
}

/** Whether `error` came from a full stack, and there is still no room to end a span: an SDK that ends one halfway loses it. */
export function isStackFull(error: unknown): boolean {
  return error instanceof RangeError && !hasRoom(FRAMES);
}

function hasRoom(frames: number): boolean {
  try {
    return isFree(frames);
  } catch {
    return false;
  }
}

function isFree(frames: number): boolean {
  return frames === 0 || isFree(frames - 1);
}
