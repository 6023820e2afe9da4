// In place of index.ts, which imports from Node, for browsers and edge runtimes: package.json, conditions of "./testing".

import { PortableContextManager } from '../platform/portable-context-manager.ts';
import { type RecordSpans, recordSpansOn } from './record-spans.ts';

export * from './portable.ts';
export const recordSpans: RecordSpans = /* @__PURE__ */ recordSpansOn(() => new PortableContextManager());
