import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What begins with one of these is the name of an attribute or a metric, but for those below. */
const NAMES =
  /['`]((?:aws|cloud|error|exception|faas|graphql|http|messaging|network|oncespan|otel|rpc|server|url|user_agent)\.[a-z_.]+)['`]/g;

/** An event source of AWS, a channel of Node's, and symbols. */
const NO_ATTRIBUTES = [
  'aws.events',
  'http.server.request.start',
  'oncespan.class',
  'oncespan.nestjs.settings',
  'oncespan.session',
];
/** Written by the SDK, or with a namespace put in. */
const NOT_IN_FULL = [
  'exception.stacktrace',
  'messaging.aws_sqs.attempt',
  'messaging.bullmq.attempt',
  'messaging.pg_boss.attempt',
];
/** Of which the page says that they are not written. */
const NEWER = ['messaging.system.name', 'rpc.system.name'];

const namesIn = (path: string) =>
  Array.from(readFileSync(join(root, path), 'utf8').matchAll(NAMES), ([, name]) => name!);
const sorted = (names: readonly string[]) => Array.from(new Set(names)).sort();

test('the attributes and metrics that the source names are those in docs/attributes.md', () => {
  const named = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => namesIn(join('src', path)))
    .filter((name) => !NO_ATTRIBUTES.includes(name));
  const told = namesIn('docs/attributes.md').filter((name) => !NEWER.includes(name));
  expect(sorted(told)).toEqual(sorted([...named, ...NOT_IN_FULL]));
});
