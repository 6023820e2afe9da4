import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import { type PackageOf, withPackages } from './package-of-class.ts';
import { attempt } from '../platform/report.ts';
import { amendMethods, type Class, traceMethods } from './provider-methods.ts';
import { TracedInterceptor } from './traced-interceptor.ts';

type Module = ReturnType<core.ModulesContainer['get']> & {};
/** What a module lists: in its decorator, or as a dynamic module. */
type Lists = Pick<common.DynamicModule, 'imports' | 'providers'>;

/** What else is traced, and what is not: classes, and modules for the providers that they list. `exclude` wins. */
export interface ProviderChoice {
  readonly include?: readonly Class[];
  readonly exclude?: readonly Class[];
}

const metadata = new core.Reflector();

/** Listed by applications, as the logger is, and none of theirs, even where a bundle hides what came from a package. */
const classesOfLibraries = new Set<unknown>([
  ...Object.values(common),
  ...Object.values(core),
  TracedInterceptor,
]);

/**
 * Traces the classes that the application's own modules list as providers: the root module, and what is imported from there
 * as a class; and what these inherit from classes of the application. What another package brings is left alone, and so is a
 * dynamic module, as most libraries have one. What is named in `include` is the application's own, too, whatever it is.
 *
 * The methods are replaced where they stand, on the prototype, so that a class stays the token and the type it was,
 * whatever the scope of its instances.
 */
export function traceProviders(modules: core.ModulesContainer, choice: ProviderChoice): void {
  attempt('tracing the providers of the application', () => {
    const types = withPackages((packageOf) => chosenClasses([...modules.values()], choice, packageOf));
    for (const type of types) attempt('tracing a provider', () => trace(type));
  });
}

/** What is `@Traced()` by hand, in whatever module: to be called before the instance is configured. */
export function amendTraced(modules: core.ModulesContainer): void {
  const types = [...modules.values()].flatMap(({ providers, controllers }) =>
    [...providers.values(), ...controllers.values()].map(({ metatype }) => metatype),
  );
  for (const type of new Set(types)) {
    if (typeof type === 'function') attempt('looking at a provider', () => amendMethods(type as Class));
  }
}

function chosenClasses(
  modules: readonly Module[],
  { include = [], exclude = [] }: ProviderChoice,
  packageOf: PackageOf,
): Set<Class> {
  const isModule = (type: Class) => modules.some(({ metatype }) => metatype === type);
  const chosen = new Set(include.filter((type) => !isModule(type) && !exclude.includes(type)));
  const reached = new Set<Class>();
  /** @param user the class that brings it: what is of the same package is its own */
  const isOwn = (type: Class, user: Class) => {
    if (exclude.includes(type) || classesOfLibraries.has(type) || isAside(type)) return false;
    const itsPackage = packageOf(type);
    return !itsPackage || itsPackage === packageOf(user);
  };
  const follow = (module: Class, { imports, providers }: Lists) => {
    for (const type of imports?.map(classOfImport) ?? []) if (type && isOwn(type, module)) reached.add(type);
    for (const type of providers?.map(classOfProvider) ?? [])
      if (type && isOwn(type, module)) chosen.add(type);
  };
  for (const [at, module] of modules.entries()) {
    const { metatype } = module;
    // The first is Nest's own, the second the root.
    if (!(at === 1 || include.includes(metatype)) || exclude.includes(metatype)) continue;
    reached.add(metatype);
    follow(metatype, dynamicLists(module));
  }
  // It grows on the way.
  for (const type of reached) follow(type, decoratorLists(type));
  for (const type of chosen) {
    const base = Object.getPrototypeOf(type) as Class | null;
    // A class whose file is not known may be the language's, and everybody's.
    if (base !== null && packageOf(base) !== undefined && isOwn(base, type)) chosen.add(base);
  }
  return chosen;
}

/** Loggers, and scalars of GraphQL: called for each line and each value, and a line would tell the span of its logger. */
function isAside(type: Class): boolean {
  const prototype: unknown = type.prototype;
  const isLogger = prototype instanceof common.Logger || prototype instanceof common.ConsoleLogger;
  return isLogger || metadata.get('graphql:scalar_name', type as common.Type) !== undefined;
}

function decoratorLists(module: Class): Lists {
  const list = (key: keyof Lists) => metadata.get<never[] | undefined>(key, module) ?? [];
  return { imports: list('imports'), providers: list('providers') };
}

function dynamicLists(module: Module): Lists {
  const { container } = module as unknown as { container?: core.NestContainer };
  return container?.getDynamicMetadataByToken(module.token) ?? {};
}

/** Of a module that is imported as a class, maybe one that is not there yet. */
function classOfImport(imported: unknown): Class | undefined {
  const { forwardRef } = imported as Partial<common.ForwardReference<() => unknown>>;
  const type = forwardRef ? forwardRef() : imported;
  return typeof type === 'function' ? (type as Class) : undefined;
}

function classOfProvider(provider: common.Provider): Class | undefined {
  if (typeof provider === 'function') return provider;
  return 'useClass' in provider ? provider.useClass : undefined;
}

function trace(type: Class): void {
  if (metadata.get('__controller__', type as common.Type) !== true) traceMethods(type);
}
