import { aplus } from '../shared/aplus.mjs';

export const suite = (kit) =>
  aplus(kit, {
    deferred: () => Promise.withResolvers(),
    resolved: (value) => Promise.resolve(value),
    rejected: (reason) => Promise.reject(reason),
  });
