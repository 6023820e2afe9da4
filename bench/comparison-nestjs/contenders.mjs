// Who is compared, and with what: the packages of a project for each, as its own documentation has it, and every one on Nest 11,
// the newest that all of them support.

const nest = (major) => [
  ...['common', 'core', 'platform-express', 'platform-fastify', 'microservices'].map(
    (name) => `@nestjs/${name}@${major}`,
  ),
  // They are at 3 and 6 for Nest 10 and 11.
  `@nestjs/event-emitter@${major === 12 ? 12 : 3}`,
  `@nestjs/schedule@${major === 12 ? 12 : 6}`,
  'reflect-metadata@0.2',
  'rxjs@7',
];

/** Of OpenTelemetry's SDK 3. */
const SDK_3 = [
  '@opentelemetry/api@1.10.0',
  '@opentelemetry/sdk-node@0.301.0',
  '@opentelemetry/sdk-metrics@3.1.1',
  '@opentelemetry/instrumentation-http@0.301.0',
  '@opentelemetry/instrumentation-express@0.72.0',
  '@opentelemetry/instrumentation-nestjs-core@0.71.0',
  '@opentelemetry/auto-instrumentations-node@0.82.0',
  '@fastify/otel@0.21.2',
  'nestjs-otel@8.1.1',
];

/** What @amplication/opentelemetry-nestjs wants is of SDK 2. */
const SDK_2 = [
  '@opentelemetry/api@1.9.1',
  '@opentelemetry/core@2.12.0',
  '@opentelemetry/context-async-hooks@2.12.0',
  '@opentelemetry/sdk-trace-base@2.12.0',
  '@opentelemetry/sdk-node@0.223.0',
  '@opentelemetry/auto-instrumentations-node@0.81.2',
  '@opentelemetry/propagator-b3@2.12.0',
  '@opentelemetry/propagator-jaeger@2.12.0',
  '@opentelemetry/resource-detector-container@0.8',
  // It reads a file of it that later ones do not let anybody read.
  '@nestjs/graphql@13.1.0',
  'graphql@16',
];

const SETS = {
  sdk3: { needs: SDK_3, isOurs: true },
  amplication: { needs: ['@amplication/opentelemetry-nestjs@6.0.0', ...SDK_2] },
  sentry: { needs: ['@sentry/nestjs@10.75.3'] },
};

/**
 * @typedef {object} Contender
 * @property {string} key the file in app/contenders
 * @property {string} title the head of its column
 * @property {string} set which packages
 * @property {string} from the package that says which versions of Nest it supports
 * @property {string} [nest] which it supports, where only its README says so
 * @property {string} setup what its user writes
 * @property {string[]} [esmFlags] what it wants Node to be started with where Nest is of ES modules, from 12 on
 */

/** @type {Contender[]} */
export const CONTENDERS = [
  {
    key: 'oncespan',
    from: 'oncespan',
    title: 'oncespan',
    set: 'sdk3',
    setup: '`TracingModule.forRoot()`, `@Traced()` on the services; no instrumentation',
  },
  {
    key: 'oncespan-http',
    from: 'oncespan',
    title: 'oncespan, instr.-http',
    set: 'sdk3',
    setup: 'the same beside `@opentelemetry/instrumentation-http` 0.301.0',
    esmFlags: ['--experimental-loader=@opentelemetry/instrumentation/hook.mjs', '--no-warnings'],
  },
  {
    key: 'nestjs-otel',
    from: 'nestjs-otel',
    title: 'nestjs-otel',
    set: 'sdk3',
    setup:
      '`nestjs-otel` 8.1.1: `OpenTelemetryModule.forRoot()`, `@Span()` on the services, and, as its README says, `getNodeAutoInstrumentations()` 0.82.0, which has HTTP, Express and nestjs-core; on Fastify `@fastify/otel` 0.21.2',
    esmFlags: ['--experimental-loader=@opentelemetry/instrumentation/hook.mjs', '--no-warnings'],
  },
  {
    key: 'amplication',
    from: '@amplication/opentelemetry-nestjs',
    title: '@amplication',
    set: 'amplication',
    setup:
      '`@amplication/opentelemetry-nestjs` 6.0.0: `startNestJsOpenTelemetrySDK()`, `OpenTelemetryModule.forRoot()` with its default instrumentation, `@Span()` on the services; SDK 2.12, which it asks for',
    esmFlags: ['--experimental-loader=@opentelemetry/instrumentation/hook.mjs', '--no-warnings'],
  },
  {
    key: 'nestjs-core',
    from: '@opentelemetry/instrumentation-nestjs-core',
    nest: '>=4.0.0 <12',
    title: 'instr.-nestjs-core, -http, -express',
    set: 'sdk3',
    setup:
      '`@opentelemetry/instrumentation-nestjs-core` 0.71.0 with `instrumentation-http` 0.301.0 and `instrumentation-express` 0.72.0 (on Fastify `@fastify/otel` 0.21.2); it has no decorator',
    esmFlags: ['--experimental-loader=@opentelemetry/instrumentation/hook.mjs', '--no-warnings'],
  },
  {
    key: 'sentry',
    from: '@sentry/nestjs',
    title: '@sentry/nestjs',
    set: 'sentry',
    setup:
      '`@sentry/nestjs` 10.75.3: `Sentry.init({ tracesSampleRate: 1 })`, `SentryModule.forRoot()`, `SentryGlobalFilter`, `@SentryTraced()` on the services. What counts is the transactions that it sends, also those of 401 to 404, which it leaves out unless `dropSpansForIncomingRequestStatusCodes: []` is set',
  },
];

/** The packages of a contender's project. */
export function needsOf({ set }, nestMajor) {
  const { needs, isOurs = false } = SETS[set];
  return { packages: [...nest(nestMajor), ...needs], isOurs };
}
