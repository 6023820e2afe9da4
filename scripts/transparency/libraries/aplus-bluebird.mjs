import Bluebird from 'bluebird';
import { aplus } from '../shared/aplus.mjs';

export const suite = (kit) =>
  aplus(kit, {
    deferred() {
      const made = {};
      made.promise = new Bluebird((resolve, reject) => Object.assign(made, { resolve, reject }));
      return made;
    },
    resolved: (value) => Bluebird.resolve(value),
    rejected: (reason) => Bluebird.reject(reason),
  });
