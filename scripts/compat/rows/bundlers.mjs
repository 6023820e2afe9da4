const SDK = ['@opentelemetry/api@1.10', '@opentelemetry/sdk-trace@3'];

/** Shared with the rows of Chromium, which runs what they make. */
export const BUNDLING = [
  'node@24',
  ...SDK,
  'esbuild@0',
  'rollup@4',
  '@rollup/plugin-node-resolve@16',
  '@rollup/plugin-commonjs@29',
  'vite@8',
  'webpack@5',
];

/** As the command line of bundlers/bundle.mjs calls them; the extension fits the format of what they make for Node. */
export const TOOLS = [
  { name: 'esbuild', tool: 'esbuild', extension: 'cjs' },
  { name: 'Rollup 4', tool: 'rollup', extension: 'mjs' },
  { name: 'Vite 8', tool: 'vite', extension: 'mjs' },
  { name: 'webpack 5', tool: 'webpack', extension: 'cjs' },
];

const bundled = TOOLS.flatMap(({ name, tool, extension }) => {
  const row = { needs: BUNDLING, files: ['bundlers'] };
  const bundle = (target, entry, file) => `node bundlers/bundle.mjs ${tool} ${target} ${entry} ${file}`;
  const file = `out/${tool}.${extension}`;
  const [one, web] = [`out/${tool}-one-copy.${extension}`, `out/${tool}-one-copy-web.mjs`];
  const oneCopy = [
    'cp -r bundlers/dependency node_modules/',
    bundle('node', 'bundlers/one-copy.mjs', one),
    `node ${one}`,
    bundle('browser', 'bundlers/one-copy.mjs', web),
    `node ${web}`,
  ];
  return [
    { ...row, name: `${name}, for Node`, run: `${bundle('node', 'main.mjs', file)} && node ${file}` },
    { ...row, name: `${name}, one copy for import and require`, run: oneCopy.join(' && ') },
  ];
});

const next = ({ name, bundler = '', standalone = false, path }) => {
  // One build serves several rows.
  const dist = `.next-${bundler || 'turbopack'}${standalone ? '-standalone' : ''}`;
  const environment = `export NEXT_TELEMETRY_DISABLED=1 DIST=${dist} ${standalone ? 'STANDALONE=1' : ''}`;
  const build = `{ [ -e next/${dist}/BUILD_ID ] || next build next ${bundler && `--${bundler}`}; }`;
  const start = standalone
    ? `node next/standalone.mjs ${path}`
    : `node next/requests.mjs ${path} next start next`;
  return {
    name: `Next 16, ${name}`,
    needs: ['node@24', ...SDK, 'next@16', 'react@19', 'react-dom@19'],
    files: ['next'],
    run: `${environment} && ${build} && ${start}`,
  };
};

const trace = (version, entry) => {
  const run = [
    'folder=$(mktemp -d)',
    `node nft/trace.mjs ${entry} $folder`,
    `node $folder/${entry}`,
    'rm -r $folder',
  ];
  return {
    name: `@vercel/nft, ${entry.endsWith('mjs') ? 'ES module' : 'CommonJS'}, Node ${version}`,
    needs: [`node@${version}`, '@opentelemetry/api@1.9.0', '@opentelemetry/sdk-trace@2', '@vercel/nft@1'],
    files: ['nft'],
    run: run.join(' && '),
  };
};

export const BUNDLERS = [
  ...bundled,
  next({ name: 'Turbopack', path: '/node' }),
  next({ name: 'Turbopack, edge runtime', path: '/edge' }),
  next({ name: 'webpack', bundler: 'webpack', path: '/node' }),
  next({ name: 'webpack, edge runtime', bundler: 'webpack', path: '/edge' }),
  next({ name: 'standalone, not bundled', standalone: true, path: '/node' }),
  trace('20', 'main.mjs'),
  // Not for CommonJS on Node 20, which nft does not know to require ES modules: docs/hosts.md.
  ...['22', '24'].flatMap((version) => [trace(version, 'main.mjs'), trace(version, 'main.cjs')]),
];
