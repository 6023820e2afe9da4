// node next/requests.mjs <path> <command…>: starts the built application, requests one route, and compares.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const EXPECTED = {
  '/node': { value: 2, status: 'flushed', spans: ['step < work', 'step < work', 'work < live'], live: 0 },
  '/edge': [],
};

const port = await freePort();
const [path, program, ...args] = process.argv.slice(2);
const server = spawn(program, args, {
  env: { ...process.env, PORT: port },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  for await (const text of server.stdout) {
    if (/Ready/.test(text)) break;
    process.stdout.write(text);
  }
  const text = await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  if (text !== JSON.stringify(EXPECTED[path])) {
    console.log(`${path}: ${text}`);
    process.exitCode = 1;
  }
} finally {
  server.kill();
}

async function freePort() {
  const probe = createServer().listen(0);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return address.port;
}
