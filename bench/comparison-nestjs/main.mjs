// npm run comparison:nestjs [-- WORD…]: what each way of tracing a Nest application makes of one small application (app/), feature by
// feature, every cell run on the real package. WORD: only rows or contenders whose name contains it, and nothing is written.
// Otherwise docs/comparison-nestjs.md is.

import { join } from 'node:path';
import { BIN, run, withTarball } from '../../scripts/consumer.mjs';
import { CONTENDERS } from './contenders.mjs';
import { ROWS } from './features.mjs';
import { drawPost } from './pictures.mjs';
import { writePage } from './page.mjs';
import { manifestOf, projectOf } from './projects.mjs';
import { Served } from './served.mjs';
import { versionsOf } from './versions.mjs';

const words = process.argv.slice(2);
const chosen = (items, nameOf) => {
  const found = items.filter((item) => words.some((word) => nameOf(item).includes(word)));
  return found.length === 0 ? items : found;
};
const contenders = chosen(CONTENDERS, ({ key }) => key);
const rows = chosen(ROWS, ({ name }) => name);
const NEST = 11;

const results = { express: new Map(), fastify: new Map() };
const pictures = new Map();
let versions = new Map();
const about = {};

/** What a row can ask: `served`, one application for all of its kind, and `start`, which gives one of its own. */
async function withWorld(folder, contender, adapter, act) {
  const started = [];
  const start = async (options) => {
    const served = await Served.start(folder, contender, { adapter, ...options });
    started.push(served);
    return served;
  };
  try {
    return await act(start);
  } finally {
    for (const served of started) await served.stop();
  }
}

async function ask(row, world) {
  try {
    return await row.ask(world);
  } catch (error) {
    console.error(`${world.contender.key}, ${row.name}: ${error.stack ?? error}`);
    return {
      said: `fails: ${String(error.message ?? error)
        .split('\n')[0]
        .slice(0, 100)}`,
      good: false,
    };
  }
}

await withTarball(async (tarball) => {
  for (const contender of contenders) {
    const folder = projectOf(contender, NEST, tarball);
    about.nest ??= manifestOf(folder, '@nestjs/core').version;
    about.node ??= (await run(join(BIN, 'node'), ['--version'])).trim().slice(1);
    const hasDecorator = contender.key !== 'nestjs-core';
    for (const adapter of ['express', 'fastify']) {
      const asked = rows.filter(({ adapters }) => adapters.includes(adapter));
      await withWorld(folder, contender, adapter, async (start) => {
        let served;
        for (const row of asked) {
          if (row.isServed) served ??= await start({});
          // Each of the others has a process of its own, which is over with its row.
          const cell = row.isServed
            ? await ask(row, { served, start, contender, hasDecorator })
            : await withWorld(folder, contender, adapter, (own) =>
                ask(row, { start: own, contender, hasDecorator }),
              );
          if (!results[adapter].has(row.name)) results[adapter].set(row.name, new Map());
          results[adapter].get(row.name).set(contender.key, cell);
          const mark = cell.good === undefined ? ' ' : cell.good ? '✓' : '✗';
          console.log(`${mark} ${contender.key}, ${adapter}: ${row.name}: ${cell.said}`);
        }
      });
    }
    if (words.length === 0) {
      await withWorld(folder, contender, 'express', async (start) => {
        pictures.set(contender.key, await drawPost(await start({})));
      });
    }
  }
  if (words.length === 0) versions = await versionsOf(contenders, tarball);
});

if (words.length === 0)
  writePage(new URL('../../docs/comparison-nestjs.md', import.meta.url), {
    contenders,
    results,
    versions,
    pictures,
    about,
  });
