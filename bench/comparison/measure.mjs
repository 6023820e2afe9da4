// Run as a process of its own for one contender: prints, for every kind of value, what became of its span and of it.

import { contenders } from './contenders.mjs';
import { kinds } from './kinds.mjs';

// Some contenders leave the rejection of a promise that they have made unhandled.
process.on('unhandledRejection', () => {});

const { wrap, ended } = await contenders[process.argv[2]]();

const macrotasks = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

async function run(kind, fail) {
  ended.length = 0;
  await kind.prepare?.();
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  const call = wrap(() => kind.work(gate, fail), kind);
  let value;
  try {
    value = call();
  } catch {
    await macrotasks();
    return { early: false, ended: [...ended], unharmed: fail };
  }
  await macrotasks();
  const early = !kind.isOver && ended.length > 0;
  const used = kind.use(value).catch(() => false);
  open();
  const unharmed = await used;
  await macrotasks();
  return { early, ended: [...ended], unharmed };
}

const cells = {};
for (const [name, kind] of Object.entries(kinds)) {
  const fine = await run(kind, false);
  const failed = await run(kind, true);
  cells[name] = {
    covers: !fine.early && fine.ended.length === 1,
    failure: failed.ended.length === 1 && failed.ended[0].failed,
    unharmed: fine.unharmed,
  };
}
process.send(cells, () => process.exit());
