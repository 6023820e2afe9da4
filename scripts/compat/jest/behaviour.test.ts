import { expect, test } from '@jest/globals';
import { TracerProvider } from '@opentelemetry/sdk-trace';

const { misbehaviour } = require('../behaviour.cjs');

test('the behaviour', async () => {
  const makeProvider = (processor: never) => new TracerProvider({ spanProcessors: [processor] });
  expect(await misbehaviour(makeProvider)).toEqual([]);
});
