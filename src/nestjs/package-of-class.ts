import type * as node from 'node:inspector';
import { builtinModule } from '../platform/builtin-module.ts';
import { environmentVariable } from '../platform/environment-variable.ts';

/**
 * The folder of the package under `node_modules` that a class comes from, or the module of Node's; `''` if it comes from neither;
 * `undefined` if that is unknown, as of the classes of the language.
 */
export type PackageOf = (type: object) => string | undefined;

/**
 * Calls `act` with what tells the packages of classes.
 *
 * A class does not say in which file it stands, and no list of modules has those that were imported. V8 knows: its inspector
 * is asked, in this thread, while `act` runs. It goes through every file that is loaded, so that it is asked about new
 * classes only. Where there is no inspector, or nobody may ask it, no class is known to come from a package.
 */
export function withPackages<T>(act: (packageOf: PackageOf) => T): T {
  let inspector: ClassInspector | undefined;
  const packageOf = (type: object) => {
    if (!packages.has(type)) {
      inspector ??= new ClassInspector();
      packages.set(type, packageIn(inspector.fileOf(type)));
    }
    return packages.get(type);
  };
  try {
    return act(packageOf);
  } finally {
    inspector?.close();
  }
}

const packages = new WeakMap<object, string | undefined>();

/** Of a path or URL. Where one `node_modules` is in another, as with pnpm, the inner one counts. */
function packageIn(file: string | undefined): string | undefined {
  if (file === undefined || file.startsWith('node:')) return file;
  return /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(file)?.[0] ?? '';
}

/** Node's own, which every realm has: the global object of a test runner's is its own. */
type Inspector = typeof node & {
  /** The class that is asked about. */
  'oncespan.class'?: object;
  /** What stays connected. */
  'oncespan.session'?: node.Session;
};

/** Keeps quiet about a host that refuses it: nobody can do anything about that, and without it all goes on. */
class ClassInspector {
  readonly #inspector = builtinModule('node:inspector') as Inspector | undefined;
  readonly #session: node.Session | undefined;
  readonly #files = new Map<string, string>();

  constructor() {
    try {
      const session = new this.#inspector!.Session();
      session.connect();
      this.#session = session;
      session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => {
        this.#files.set(scriptId, url);
      });
      // Holds on to no code that is collected.
      this.#ask('Debugger.enable', { maxScriptsCacheSize: 0 });
      this.#ask('Debugger.setSkipAllPauses', { skip: true });
    } catch {
      // No inspector here, or no permission.
    }
  }

  fileOf(type: object): string | undefined {
    try {
      this.#inspector!['oncespan.class'] = type;
      const { result } = this.#ask<node.Runtime.EvaluateReturnType>('Runtime.evaluate', {
        expression: "process.getBuiltinModule('node:inspector')['oncespan.class']",
        objectGroup: 'classes',
        silent: true,
      });
      const { internalProperties } = this.#ask<node.Runtime.GetPropertiesReturnType>(
        'Runtime.getProperties',
        {
          objectId: result.objectId,
          ownProperties: true,
        },
      );
      const location = internalProperties?.find(({ name }) => name === '[[FunctionLocation]]')?.value;
      return location && this.#files.get((location.value as { scriptId: string }).scriptId);
    } catch {
      return undefined;
    } finally {
      delete this.#inspector?.['oncespan.class'];
    }
  }

  close(): void {
    if (this.#session === undefined) return;
    try {
      const inspector = this.#inspector!;
      // When its last debugger leaves, V8 forgets which branches were covered so far: in tests, one stays.
      if (mayCountBranches() && inspector['oncespan.session'] === undefined) {
        this.#ask('Runtime.releaseObjectGroup', { objectGroup: 'classes' });
        inspector['oncespan.session'] = this.#session.removeAllListeners();
      } else {
        this.#session.disconnect();
      }
    } catch {
      // As above.
    }
  }

  /** Within one thread the answer comes at once; `undefined` instead of an error. */
  #ask<Answer>(method: string, params: object): Answer {
    let answer: unknown;
    this.#session!.post(method, params, (_error, given) => {
      answer = given;
    });
    return answer as Answer;
  }
}

/** Coverage of Node's own, and of test runners, which do not say that they measure it. */
function mayCountBranches(): boolean {
  return ['NODE_V8_COVERAGE', 'VITEST', 'JEST_WORKER_ID'].some(
    (sign) => environmentVariable(sign) !== undefined,
  );
}
