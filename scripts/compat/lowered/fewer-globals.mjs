// Import this first: what React Native and small engines do not have. `performance` they have; the SDK needs it.
for (const name of [
  'AbortController',
  'AbortSignal',
  'FinalizationRegistry',
  'ReadableStream',
  'WeakRef',
  'setImmediate',
]) {
  delete globalThis[name];
}
