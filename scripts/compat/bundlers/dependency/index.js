exports.traceTask = require('oncespan').traceTask;
exports.startTracing = require('oncespan/sdk').startTracing;
