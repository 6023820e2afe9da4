// For a compiler that is told of no host at all: neither Node's types nor the browser's.
export * as oncespan from 'oncespan';
export * as display from 'oncespan/console';
export * as sdk from 'oncespan/sdk';
export * as testing from 'oncespan/testing';
