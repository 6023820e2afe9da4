import { expect, test } from 'vitest';
import { Traced, traceTask } from '../src/index.ts';
import { record } from './harness.ts';

test('first', async () => {
  const { rows } = record();
  class Orders {
    @Traced() async place(id: string) {
      return id;
    }
  }
  const f = traceTask(async () => {
    await new Orders().place('1');
    throw new Error('x');
  }, 'task');
  await f().catch(() => {});
  expect(rows()).toEqual([
    { name: 'Orders.place', parent: 'task' },
    {
      name: 'task',
      status: 'ERROR x',
      attributes: { error: true, 'error.type': 'Error' },
      exceptions: ['Error: x'],
    },
  ]);
});
