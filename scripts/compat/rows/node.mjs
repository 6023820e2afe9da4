/** From the oldest that is promised to the newest, with the oldest and the newest API and SDK that run there. */
const VERSIONS = [
  { node: '20.6.0', api: '1.9.0', sdk: 2 },
  { node: '20', api: '1.9.0', sdk: 2 },
  { node: '22.11.0', api: '1.9.0', sdk: 2 },
  { node: '22', api: '1.10', sdk: 3 },
  { node: '24', api: '1.10', sdk: 3 },
  { node: '26', api: '1.10', sdk: 3 },
];

const row = (how, { node, api, sdk }, others) => ({
  name: `Node ${node}, ${how}; api ${api}, SDK ${sdk}`,
  needs: [`node@${node}`, `@opentelemetry/api@${api}`, `@opentelemetry/sdk-trace@${sdk}`],
  ...others,
});

export const NODE = VERSIONS.flatMap((version) => [
  row('ES modules', version, { run: 'node main.mjs' }),
  row('CommonJS', version, { run: 'node main.cjs' }),
  row('both in one process', version, { run: 'node both.mjs' }),
]);
