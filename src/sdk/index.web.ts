// In place of index.ts, which imports from Node, for browsers and edge runtimes: package.json, conditions of "./sdk".

import { PortableContextManager } from '../platform/portable-context-manager.ts';
import { startTracingOn, type StartTracing } from './lifecycle/start-tracing.ts';

export * from './portable.ts';
export const startTracing: StartTracing = /* @__PURE__ */ startTracingOn(() => new PortableContextManager());
