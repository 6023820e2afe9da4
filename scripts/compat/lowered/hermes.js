// Comes first in Hermes' own program, which has neither a console nor a clock: its timers are over at once.
globalThis.console = { log: print, error: print, warn: print, info: print, debug: print };
var startedAt = Date.now();
globalThis.performance = {
  timeOrigin: startedAt,
  now: function () {
    return Date.now() - startedAt;
  },
};
(function (soon) {
  var pending = new Set();
  var last = 0;
  globalThis.setTimeout = function (act, delayMs) {
    var id = ++last;
    var due = Date.now() + (delayMs || 0);
    var look = function () {
      if (!pending.has(id)) return;
      if (Date.now() < due) return soon(look);
      pending.delete(id);
      act();
    };
    pending.add(id);
    soon(look);
    return id;
  };
  globalThis.clearTimeout = function (id) {
    pending.delete(id);
  };
})(setTimeout);
