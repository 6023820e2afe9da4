import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BullModule, Processor, WorkerHost } from '@nestjs/bullmq';
import {
  ConsoleLogger,
  Controller,
  type DynamicModule,
  forwardRef,
  Logger,
  mixin,
  Module,
} from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryModule, NestFactory } from '@nestjs/core';
import { CqrsModule, type ICommand, type IEvent, Saga } from '@nestjs/cqrs';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { ResolveReference, Scalar } from '@nestjs/graphql';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { build } from 'esbuild';
import { map, type Observable } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { TracedInterceptor, TracingModule, type TracingModuleOptions } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { hasRedis } from '../servers/installed.ts';
import { useRedis } from '../servers/redis.ts';

// Libraries have timers of their own.
beforeEach(() => void vi.useRealTimers());

/** A class that has a span when its application is closed, if it is traced: by then every library has done its work. */
function provider(name: string): Type {
  return {
    [name]: class {
      onModuleDestroy() {}
    },
  }[name]!;
}

function moduleOf(metadata: ModuleMetadata): Type {
  class SomeModule {}
  Module(metadata)(SomeModule);
  return SomeModule;
}

/** A library, which knows nothing of Nest. */
const NAMES = ['LibraryModule', 'LibraryService', 'LibraryHelper'];
const CLASSES = NAMES.map((name) => `class ${name} { onModuleDestroy() {} }`).join('\n');
const CODE = {
  module: `${CLASSES}\nexport { ${NAMES.join(', ')} };`,
  commonjs: `${CLASSES}\nmodule.exports = { ${NAMES.join(', ')} };`,
};

type Classes = TracingModuleOptions['classes'];

/** Starts an application of these and closes it: which spans there were by then, sorted. */
async function spansOf(metadata: ModuleMetadata, classes: Classes = 'providers'): Promise<string[]> {
  const imports = [TracingModule.forRoot({ classes }), ...(metadata.imports ?? [])];
  return spansFrom(moduleOf({ ...metadata, imports }));
}

async function spansFrom(root: Type | DynamicModule): Promise<string[]> {
  using spans = recordSpans();
  const app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  await app.close();
  expect(spans.live()).toEqual([]);
  return spans.spans.map(({ name }) => name.replace('.onModuleDestroy', '')).toSorted();
}

test('what the root module lists is traced, and what is imported from there as a class, by way of forwardRef() too', async () => {
  const NearModule = moduleOf({ providers: [provider('Near')] });
  const FarModule = moduleOf({
    providers: [{ provide: 'far', useClass: provider('Far') }],
    imports: [NearModule],
  });
  const imports = [moduleOf({ imports: [forwardRef(() => FarModule)] }), NearModule];
  expect(await spansOf({ providers: [provider('Root')], imports })).toEqual(['Far', 'Near', 'Root']);
});

describe('a dynamic module of the application', () => {
  function feature() {
    const ListingModule = moduleOf({
      providers: [provider('Listed')],
      imports: [moduleOf({ providers: [provider('Imported')] })],
    });
    const given = {
      providers: [provider('Given')],
      imports: [moduleOf({ providers: [provider('Handed')] })],
    };
    return { ListingModule, dynamic: { module: ListingModule, ...given } };
  }
  const ALL = ['Given', 'Handed', 'Imported', 'Listed'];

  test('is left alone, with what its decorator lists, and what only it imports', async () => {
    const imports = [feature().dynamic, Promise.resolve(feature().dynamic)];
    expect(await spansOf({ providers: [provider('Root')], imports })).toEqual(['Root']);
  });

  test('is traced when it is included', async () => {
    const { ListingModule, dynamic } = feature();
    expect(await spansOf({ imports: [dynamic] }, { include: [ListingModule] })).toEqual(ALL);
  });

  test('is traced when it is the root', async () => {
    const { dynamic } = feature();
    const imports = [TracingModule.forRoot({ classes: 'providers' }), ...dynamic.imports];
    expect(await spansFrom({ ...dynamic, imports })).toEqual(ALL);
  });
});

describe('what a provider inherits', () => {
  abstract class Crud {
    onModuleDestroy() {}
  }
  class Users extends Crud {
    beforeApplicationShutdown() {}
  }
  class Orders extends Crud {}

  test('from a class of the application is traced, once', async () => {
    expect(await spansOf({ providers: [Users, Orders] })).toEqual([
      'Crud',
      'Crud',
      'Users.beforeApplicationShutdown',
    ]);
  });

  test('from one that is excluded is not', async () => {
    class Kept {
      onModuleDestroy() {}
    }
    class Bills extends Kept {
      beforeApplicationShutdown() {}
    }
    expect(await spansOf({ providers: [Bills] }, { exclude: [Kept] })).toEqual([
      'Bills.beforeApplicationShutdown',
    ]);
  });

  test('from Nest, from this library, from Node, from the language or from nothing is not', async () => {
    const classes = [EventEmitter, Map, Function, Logger, TracedInterceptor];
    const untouched = classes.map(({ prototype }) => prototype as object);
    const methods = () => untouched.map((of) => Object.values(Object.getOwnPropertyDescriptors(of)));
    const before = methods();
    class Bus extends EventEmitter {
      onModuleDestroy() {
        this.emit('started');
      }
    }
    class Cache extends Map {}
    class Log extends Logger {}
    class Tracing extends TracedInterceptor {}
    class Odd {}
    Object.setPrototypeOf(Odd, null);
    expect(await spansOf({ providers: [Bus, Cache, Log, Tracing, Odd] })).toEqual(['Bus']);
    expect(methods()).toEqual(before);
  });
});

test('`exclude` leaves out classes, and modules with what only they import, and wins over `include`', async () => {
  const [Left, Both] = [provider('Left'), provider('Both')];
  const LeftModule = moduleOf({
    providers: [provider('InLeft')],
    imports: [moduleOf({ providers: [provider('BelowLeft')] })],
  });
  const metadata = { providers: [provider('Root'), Left, Both], imports: [LeftModule] };
  const classes = { include: [Both, LeftModule], exclude: [Left, Both, LeftModule] };
  expect(await spansOf(metadata, classes)).toEqual(['Root']);
});

test('classes of Nest and of this library, and controllers, are left alone', async () => {
  class Root {
    log = new Logger();
    onModuleDestroy() {
      this.log.debug('started');
    }
  }
  class Orders {
    onModuleDestroy() {}
  }
  Controller()(Orders);
  const interceptor = { provide: APP_INTERCEPTOR, useClass: TracedInterceptor };
  const providers = [Root, Orders, Logger, interceptor];
  const { intercept } = TracedInterceptor.prototype;
  const classes = { include: [Orders] };
  expect(await spansOf({ providers, controllers: [Orders], imports: [DiscoveryModule] }, classes)).toEqual([
    'Root',
  ]);
  expect(TracedInterceptor.prototype.intercept).toBe(intercept);
});

test('what starts the application is left alone: what it begins goes on, and would be in its trace for ever', async () => {
  class Poller {
    onModuleInit() {}
    onApplicationBootstrap() {}
    onModuleDestroy() {}
  }
  class Feed {
    afterInit() {}
    handleConnection() {}
  }
  const untouched = Feed.prototype.afterInit;
  expect(await spansOf({ providers: [Poller, Feed] })).toEqual(['Poller']);
  expect(Feed.prototype.afterInit).toBe(untouched);
});

test('loggers and scalars are left alone: they are called for each line and each value', async () => {
  class TraceLogger extends ConsoleLogger {
    onModuleDestroy() {}
  }
  class NamedLogger extends Logger {
    onModuleDestroy() {}
  }
  class DateScalar {
    onModuleDestroy() {}
  }
  Scalar('Date')(DateScalar);
  const providers = [TraceLogger, NamedLogger, DateScalar, provider('Root')];
  expect(await spansOf({ providers })).toEqual(['Root']);
  expect(await spansOf({ providers }, { include: [TraceLogger] })).toEqual(['Root', 'TraceLogger']);
});

test('a reference of a federation is left to the interceptor, as a field is', async () => {
  class Items {
    onModuleDestroy() {}
  }
  const { prototype } = Items;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'onModuleDestroy')!;
  ResolveReference()(prototype, 'onModuleDestroy', descriptor);
  expect(await spansOf({ providers: [Items, provider('Root')] })).toEqual(['Root']);
});

test('a class of `mixin()` is called what it is in its source, and not by the random name that Nest gives it', async () => {
  const crud = () =>
    mixin(
      class Crud {
        onModuleDestroy() {}
      },
    );
  class Cats extends crud() {}
  expect(await spansOf({ providers: [Cats, crud()] })).toEqual(['Crud', 'Crud']);
  const nameless = mixin(
    class extends crud() {
      beforeApplicationShutdown() {}
    },
  );
  const names = (await spansOf({ providers: [nameless] })).map((name) => name.replace(/^[\da-f]{21}/, '?'));
  expect(names.toSorted()).toEqual(['?.beforeApplicationShutdown', 'Crud']);
});

describe('libraries', () => {
  class Listener {
    onModuleDestroy() {}

    @OnEvent('placed')
    onPlaced() {}

    @Cron('0 0 1 1 *')
    onNewYear() {}
  }

  test('@nestjs/schedule and @nestjs/event-emitter make no spans of theirs', async () => {
    const imports = [ScheduleModule.forRoot(), EventEmitterModule.forRoot()];
    expect(await spansOf({ providers: [Listener], imports })).toEqual(['Listener']);
  });

  test('nor does a saga of @nestjs/cqrs, which lasts as long as the application', async () => {
    class Sagas {
      onModuleDestroy() {}

      @Saga()
      ship(events: Observable<IEvent>): Observable<ICommand> {
        return events.pipe(map(() => ({})));
      }
    }
    expect(await spansOf({ providers: [Sagas], imports: [CqrsModule.forRoot()] })).toEqual(['Sagas']);
  });

  describe.skipIf(!hasRedis)('with Redis (skipped where there is no redis-server)', () => {
    const redis = useRedis();

    test('@nestjs/bullmq makes none', async () => {
      @Processor('mail')
      class Mailer extends WorkerHost {
        onModuleDestroy() {}

        async process() {}
      }
      const imports = [
        BullModule.forRoot({ connection: { path: redis.path } }),
        BullModule.registerQueue({ name: 'mail' }),
      ];
      expect(await spansOf({ providers: [Mailer], imports })).toEqual(['Mailer']);
    });
  });
});

describe('a module that is imported as a class', () => {
  interface Library {
    LibraryModule: Type;
    LibraryService: Type;
    LibraryHelper: Type;
  }

  function newFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'oncespan-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return folder;
  }

  /** Writes the files of a library to `target`, links it from `path` if that is another, and loads it by that. */
  function load(type: 'module' | 'commonjs', path: string, target = path, folder = newFolder()) {
    for (const place of [path, target]) mkdirSync(dirname(join(folder, place)), { recursive: true });
    mkdirSync(join(folder, target));
    writeFileSync(join(folder, target, 'package.json'), JSON.stringify({ type, main: 'index.js' }));
    writeFileSync(join(folder, target, 'index.js'), CODE[type]);
    if (path !== target) symlinkSync(join(folder, target), join(folder, path));
    const library = createRequire(import.meta.url)(join(folder, path)) as Library;
    const below = moduleOf({ providers: [provider('Below')] });
    Module({ providers: [library.LibraryService], imports: [below] })(library.LibraryModule);
    return library;
  }

  /** An application that imports the module, and lists a class of its library itself. */
  const around = ({ LibraryModule, LibraryHelper }: Library): ModuleMetadata => ({
    providers: [provider('Root'), LibraryHelper],
    imports: [LibraryModule],
  });

  test.each([
    ['an ES module', load.bind(null, 'module', 'node_modules/library')],
    ['CommonJS', load.bind(null, 'commonjs', 'node_modules/@acme/library')],
    [
      'in the store of pnpm',
      load.bind(
        null,
        'module',
        'node_modules/library',
        'node_modules/.pnpm/library@1.0.0/node_modules/library',
      ),
    ],
  ])(
    'from a package, %s, is left alone, with what only it imports, and so is a class from there',
    async (_how, loaded) => {
      expect(await spansOf(around(loaded()))).toEqual(['Root']);
    },
  );

  test('from a folder of the same repository, linked into `node_modules`, is traced', async () => {
    const library = load('module', 'app/node_modules/@acme/library', 'packages/library');
    const all = ['Below', 'LibraryHelper', 'LibraryService', 'Root'];
    expect(await spansOf(around(library))).toEqual(all);
  });

  test('is traced with what it lists when it is included, and so is a class', async () => {
    const [one, other] = [load('module', 'node_modules/one'), load('commonjs', 'node_modules/other')];
    expect(await spansOf(around(one), { include: [one.LibraryModule] })).toEqual([
      'Below',
      'LibraryService',
      'Root',
    ]);
    expect(await spansOf(around(other), { include: [other.LibraryHelper] })).toEqual([
      'LibraryHelper',
      'Root',
    ]);
  });

  test('does not bring classes of a third package when it is included', async () => {
    const folder = newFolder();
    const [one, other] = ['one', 'other'].map((name) =>
      load('module', `node_modules/@acme/${name}`, undefined, folder),
    ) as [Library, Library];
    Module({ providers: [one.LibraryHelper, other.LibraryService] })(one.LibraryModule);
    const imports = [one.LibraryModule];
    expect(await spansOf({ imports }, { include: imports })).toEqual(['Below', 'LibraryHelper']);
  });
});

describe('a process, in which the application itself is a package', () => {
  let folder: string;
  const child = () => join(folder, 'app/child.mjs');
  const library = () => join(folder, 'node_modules/library/index.mjs');

  beforeAll(async () => {
    const cache = fileURLToPath(new URL('../../node_modules/.cache/oncespan', import.meta.url));
    mkdirSync(cache, { recursive: true });
    // Under `node_modules`, where its imports resolve.
    folder = mkdtempSync(join(cache, 'providers-'));
    mkdirSync(dirname(library()), { recursive: true });
    writeFileSync(library(), CODE.module);
    await build({
      entryPoints: [fileURLToPath(new URL('providers-child.ts', import.meta.url))],
      outfile: child(),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      packages: 'external',
    });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** What it says, on both of its outputs. */
  function run(flags: string[], how: string, env: Record<string, string> = {}): string {
    const options = { encoding: 'utf8', env: { ...cleanEnv, ...env } } as const;
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, child(), library(), how], options);
    return stdout + stderr;
  }

  const { VITEST: _, NODE_OPTIONS: __, ...cleanEnv } = process.env;
  const OWN = 'Own.onModuleDestroy\n';

  test('tells its own classes from those of another package', () => {
    expect(run([], '')).toBe(OWN);
  });

  test('that may not ask the inspector keeps quiet, and goes by imports and `exclude` alone', () => {
    const denied = ['--permission', '--allow-fs-read=*'];
    expect(run(denied, '')).toBe(`${OWN}LibraryService.onModuleDestroy\n`);
    expect(run(denied, 'excluded')).toBe(OWN);
  });

  test('whose coverage is measured still has every branch in it', () => {
    const coverage = join(folder, 'coverage');
    expect(run([], '', { NODE_V8_COVERAGE: coverage })).toBe(OWN);
    const [file] = readdirSync(coverage);
    const { result } = JSON.parse(readFileSync(join(coverage, file!), 'utf8')) as {
      result: { url: string; functions: { functionName: string; ranges: { count: number }[] }[] }[];
    };
    const { functions } = result.find(({ url }) => url.endsWith('child.mjs'))!;
    const sizeOf = functions.find(({ functionName }) => functionName === 'sizeOf')!;
    expect(sizeOf.ranges.map(({ count }) => count)).toEqual([2, 0]);
  });
});
