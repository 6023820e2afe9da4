/**
 * Whose suite is run: `file` in libraries/, over the packages `needs`. `of` is the folder in node_modules whose version is told.
 *
 * @typedef {{ name: string, file: string, of: string, needs: string[] }} Library
 */

/** Of every run. */
export const ALWAYS = [
  '@opentelemetry/api@1.10',
  '@opentelemetry/sdk-trace@3',
  '@opentelemetry/context-async-hooks@3',
];

/** By folder in node_modules: what is installed there. */
const VERSIONS = {
  fastq: 'fastq@1.20',
  split2: 'split2@4',
  from2: 'from2@2',
  duplexify: 'duplexify@4',
  'pull-stream': 'pull-stream@3',
  'abstract-level': 'abstract-level@3',
  'zen-observable': 'zen-observable@0.10',
  bluebird: 'bluebird@3.7',
  'zone.js': 'zone.js@0.16',
  neverthrow: 'neverthrow@8',
  rxjs: 'rxjs@7',
  kefir: 'kefir@3',
  baconjs: 'baconjs@3',
  redux: 'redux@5',
  xstate: 'xstate@5',
  nanostores: 'nanostores@1',
  'readable-stream-2': 'readable-stream-2@npm:readable-stream@2',
  'readable-stream-3': 'readable-stream-3@npm:readable-stream@3',
  'readable-stream-4': 'readable-stream-4@npm:readable-stream@4',
  streamx: 'streamx@2',
  minipass: 'minipass@7',
  'through2-5': 'through2-5@npm:through2@5',
  knex: 'knex@3',
  kysely: 'kysely@0.29',
  'drizzle-orm': 'drizzle-orm@0.45',
  mongoose: 'mongoose@9',
  postgres: 'postgres@3',
  superagent: 'superagent@10',
  got: 'got@16',
  ky: 'ky@2',
  openai: 'openai@7',
  execa: 'execa@10',
  'p-queue': 'p-queue@10',
  'p-limit': 'p-limit@7',
  koa: 'koa@3',
  graphql: 'graphql@17',
  cheerio: 'cheerio@1',
  awilix: 'awilix@13',
};

const SQLITE = 'better-sqlite3@npm:libsql@0.5';
const RXJS = 'rxjs@7';

/** @type {Library[]} */
export const LIBRARIES = [
  ...[
    ["the engine's own", 'native', 'promises-aplus-tests', []],
    ['bluebird', 'bluebird', 'bluebird', ['bluebird@3.7.2']],
    ['rsvp', 'rsvp', 'rsvp', ['rsvp@4']],
    ['promise', 'promise', 'promise', ['promise@8']],
  ].map(([name, file, of, needs]) => ({
    name: `Promises/A+ tests, ${name}`,
    file: `aplus-${file}.mjs`,
    of,
    needs: ['promises-aplus-tests@2', ...needs],
  })),
  ...[
    ['fastq', []],
    ['split2', ['callback-stream@1']],
    ['from2', []],
    ['duplexify', ['through2@2', 'concat-stream@1', 'readable-stream@3']],
    ['pull-stream', []],
    ['abstract-level', ['memory-level@3']],
  ].map(([name, more]) => ({
    name: `${name}, its own suite`,
    file: `${name}.mjs`,
    of: name,
    needs: ['tape@5', VERSIONS[name], ...more],
  })),
  library('zen-observable, its own suite', 'zen-observable-own', 'zen-observable', ['mocha@11']),
  library('zen-observable, es-observable-tests', 'zen-observable', 'zen-observable', [
    'es-observable-tests@0.3',
  ]),
  library('bluebird'),
  library('zone.js', 'zone'),
  library('neverthrow'),
  library('rxjs'),
  library('kefir'),
  library('baconjs'),
  library('redux', 'redux', 'redux', [RXJS]),
  library('xstate', 'xstate', 'xstate', [RXJS]),
  library('nanostores'),
  ...[2, 3, 4].map((major) =>
    library(`readable-stream ${major}`, `readable-stream-${major}`, `readable-stream-${major}`),
  ),
  library('streamx'),
  library('minipass'),
  library('through2', 'through2', 'through2-5'),
  library('knex', 'knex', 'knex', [SQLITE]),
  library('kysely', 'kysely', 'kysely', [SQLITE]),
  library('drizzle-orm', 'drizzle', 'drizzle-orm', [SQLITE]),
  library('mongoose'),
  library('postgres'),
  library('superagent'),
  library('got'),
  library('ky'),
  library('openai'),
  library('execa'),
  library('p-queue'),
  library('p-limit'),
  library('koa'),
  library('graphql'),
  library('cheerio'),
  library('awilix'),
];

function library(name, file = name, of = name, more = []) {
  return { name, file: `${file}.mjs`, of, needs: [VERSIONS[of], ...more] };
}
