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
 * Puts messages in their spans where Nest leaves out the global interceptors: those of the microservices of a hybrid
 * application that do not inherit its configuration, and before Nest 12 those of every gateway.
 *
 * It is bound to controllers and gateways as a class, which Nest looks up in their module: another application with the same
 * ones finds one of its own there, which does nothing.
 */
class MessageInterceptor implements NestInterceptor {
  readonly #traced: TracedInterceptor | undefined;

  constructor(traced?: TracedInterceptor) {
    this.#traced = traced;
  }

  intercept(context: ExecutionContext, next: CallHandler) {
    const isMessage = context.getType() !== 'http' && !isTraced(context);
    return isMessage && this.#traced ? this.#traced.intercept(context, next) : next.handle();
  }
}

Injectable()(MessageInterceptor);

/** As Nest's decorators call it. */
const INTERCEPTORS = '__interceptors__';

const metadata = new Reflector();
const methods = new MetadataScanner();

/** Traces every message that the controllers and gateways of an application handle. */
export function traceMessages(modules: ModulesContainer): void {
  const interceptor = new MessageInterceptor(new TracedInterceptor());
  for (const module of modules.values()) {
    const receivers = [
      ...classesOf(module.controllers).filter(handlesMessages),
      ...classesOf(module.providers).filter(isGateway),
    ];
    if (receivers.length > 0)
      attempt('tracing messages', () => {
        receivers.forEach(bind);
        module.addInjectable({ provide: MessageInterceptor, useValue: interceptor }, 'interceptor');
      });
  }
}

function classesOf(wrappers: ReadonlyMap<unknown, { readonly metatype: unknown }>): Type[] {
  return Array.from(wrappers.values(), ({ metatype }) => metatype).filter(
    (type): type is Type => typeof type === 'function',
  );
}

function handlesMessages({ prototype }: Type): boolean {
  const isHandler = (name: string) => {
    const method = (prototype as Record<string, () => unknown>)[name]!;
    return metadata.get<unknown>('microservices:handler_type', method) !== undefined;
  };
  const look = () => methods.getAllMethodNames(prototype as object).some(isHandler);
  return attempt('looking for handlers of messages', look) === true;
}

function isGateway(type: Type): boolean {
  return metadata.get<unknown>('websockets:is_gateway', type) === true;
}

/** Before the others of the class, as a global one would be. */
function bind(type: Type): void {
  const bound = metadata.get<unknown[] | undefined>(INTERCEPTORS, type) ?? [];
  if (!bound.includes(MessageInterceptor)) SetMetadata(INTERCEPTORS, [MessageInterceptor, ...bound])(type);
}
