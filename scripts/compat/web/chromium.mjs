// node web/chromium.mjs <file>: runs a bundle in Chromium, and prints what it wrote.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const bundle = readFileSync(process.argv[2]);
const PAGE = `<!doctype html><body><script>
  console.log = (line) => document.body.append(line + '\\n');
  onerror = console.log;
</script><script type="module" src="/bundle.js"></script>`;

const server = createServer(({ url }, response) => {
  const isBundle = url === '/bundle.js';
  response.setHeader('content-type', isBundle ? 'text/javascript' : 'text/html');
  response.end(isBundle ? bundle : PAGE);
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const profile = mkdtempSync(join(tmpdir(), 'oncespan-chromium-'));
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--user-data-dir=${profile}`,
  '--virtual-time-budget=5000',
  '--dump-dom',
];
const browser = spawn('chromium', [...flags, `http://127.0.0.1:${server.address().port}/`], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
const page = await text(browser.stdout);
server.close();
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
const written = page
  .replace(/<script[^]*?<\/script>/g, '')
  .replace(/<[^>]*>/g, '')
  .trim();
console.log(written || 'nothing was written');
process.exitCode = written === 'behaves' ? 0 : 1;
