import { Promise } from 'rsvp';
import { aplus } from '../shared/aplus.mjs';
export const suite = (kit) =>
  aplus(kit, {
    deferred() {
      const made = {};
      made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
      return made;
    },
    resolved: (value) => Promise.resolve(value),
    rejected: (reason) => Promise.reject(reason),
  });
