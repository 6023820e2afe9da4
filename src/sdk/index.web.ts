// In place of index.ts, which imports from Node, for browsers and edge runtimes: package.json, conditions of "./sdk".

import { PortableContextManager } from '../portable-context-manager.ts';
import { startTracingOn, type StartTracing } from './start-tracing.ts';

export * from './portable.ts';
export const startTracing: StartTracing = /* @__PURE__ */ startTracingOn(() => new PortableContextManager());
