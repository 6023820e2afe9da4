import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  type Type,
} from '@nestjs/common';
import { MetadataScanner, type ModulesContainer, Reflector } from '@nestjs/core';
import { attempt } from '../platform/report.ts';
import { isTraced, TracedInterceptor } from './traced-interceptor.ts';

/**
 * Puts the messages of a hybrid application in their spans. Its microservices do not have the global interceptors, unless they
 * inherit its configuration; but those of the controllers they have.
 *
 * Bound as a class, Nest looks it up in the module of the controller: another application with the same controller finds one
 * of its own there, which does nothing.
 */
class MessageInterceptor implements NestInterceptor {
  readonly #traced: TracedInterceptor | undefined;

  constructor(traced?: TracedInterceptor) {
    this.#traced = traced;
  }

  intercept(context: ExecutionContext, next: CallHandler) {
    const isOurs = this.#traced !== undefined && context.getType() === 'rpc' && !isTraced(context);
    return isOurs ? this.#traced.intercept(context, next) : next.handle();
  }
}

Injectable()(MessageInterceptor);

/** As Nest's decorators call it. */
const INTERCEPTORS = '__interceptors__';

const metadata = new Reflector();
const methods = new MetadataScanner();

/** Has every controller of an application that handles messages trace them. */
export function traceMessages(modules: ModulesContainer): void {
  const interceptor = new MessageInterceptor(new TracedInterceptor());
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function' || !handlesMessages(metatype as Type)) continue;
      attempt('tracing the messages of a controller', () => {
        bind(metatype as Type);
        module.addInjectable({ provide: MessageInterceptor, useValue: interceptor }, 'interceptor');
      });
    }
  }
}

function handlesMessages({ prototype }: Type): boolean {
  const isHandler = (name: string) =>
    metadata.get<unknown>(
      'microservices:handler_type',
      (prototype as Record<string, () => unknown>)[name]!,
    ) !== undefined;
  return (
    attempt('looking for handlers of messages', () =>
      methods.getAllMethodNames(prototype as object).some(isHandler),
    ) === true
  );
}

/** Before the others of the class, as a global one would be. */
function bind(controller: Type): void {
  const bound = metadata.get<unknown[] | undefined>(INTERCEPTORS, controller) ?? [];
  if (!bound.includes(MessageInterceptor))
    SetMetadata(INTERCEPTORS, [MessageInterceptor, ...bound])(controller);
}
