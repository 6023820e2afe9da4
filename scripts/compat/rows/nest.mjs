// With a Redis on the PATH.

const COMMON = [
  'reflect-metadata@0.2',
  'rxjs@7',
  '@nestjs/throttler@6',
  'sql.js@1',
  'ioredis@5',
  'graphql@16',
  '@apollo/server@5',
  '@as-integrations/express5@1',
  'cache-manager@7',
  'keyv@5',
  'axios@1',
  'esbuild@0',
];

const LIBRARIES = {
  11: {
    common: 11,
    core: 11,
    'platform-express': 11,
    schedule: 6,
    'event-emitter': 3,
    cqrs: 11,
    bullmq: 11,
    typeorm: 11,
    graphql: 13,
    apollo: 13,
    terminus: 11,
    'cache-manager': 3,
    config: 4,
    axios: 4,
  },
  12: {
    common: 12,
    core: 12,
    'platform-express': 12,
    schedule: 12,
    'event-emitter': 12,
    cqrs: 12,
    bullmq: 12,
    typeorm: 12,
    graphql: 14,
    apollo: 14,
    terminus: 12,
    'cache-manager': 12,
    config: 12,
    axios: 12,
  },
};

const rows = (version, others) => {
  const row = {
    needs: [
      ...others,
      ...COMMON,
      ...Object.entries(LIBRARIES[version]).map(([name, range]) => `@nestjs/${name}@${range}`),
    ],
    files: ['nest'],
  };
  // As a bundler leaves it that bundles all but packages.
  const bundle =
    'esbuild nest/providers.mjs --bundle --packages=external --platform=node --format=cjs --keep-names --log-level=warning --outfile=nest/providers.cjs';
  return [
    {
      ...row,
      name: `Nest ${version}, providers beside ten libraries, ES modules`,
      run: 'node nest/providers.mjs',
    },
    {
      ...row,
      name: `Nest ${version}, providers beside ten libraries, CommonJS`,
      run: `${bundle} && node nest/providers.cjs`,
    },
  ];
};

export const NEST = [
  ...rows(11, ['node@20', '@opentelemetry/api@1.9.0', 'bullmq@5', 'typeorm@0.3']),
  ...rows(12, ['node@24', '@opentelemetry/api@1.10', 'bullmq@6', 'typeorm@1']),
];
