import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  Logger,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { pass } from './gates.ts';
import { SoldOut } from './orders.service.ts';
import { note } from './places.ts';

const logger = new Logger('TeamGuard');

@Injectable()
export class TeamGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    note('guard');
    if (context.getType() !== 'http') return true;
    logger.log('asked for a member of the team');
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    if (url.endsWith('/refused')) throw new ForbiddenException();
    return true;
  }
}

@Injectable()
export class TimingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): unknown {
    note('interceptor');
    return next.handle();
  }
}

@Injectable()
export class IdPipe implements PipeTransform {
  transform(value: unknown): unknown {
    note('pipe');
    return value;
  }
}

/** An error of the domain that has its answer. */
@Catch(SoldOut)
export class SoldOutFilter implements ExceptionFilter {
  readonly #host: HttpAdapterHost;

  constructor(host: HttpAdapterHost) {
    this.#host = host;
  }

  catch(_error: SoldOut, host: ArgumentsHost): void {
    note('filter');
    const response: unknown = host.switchToHttp().getResponse();
    this.#host.httpAdapter.reply(response, { sold: 'out' }, 409);
  }
}

/** For both adapters: Fastify gives the request and the response of Node. */
export function firstMiddleware(_request: unknown, response: ServerResponse, next: () => void): void {
  note('middleware');
  response.once('close', () => pass('response closed'));
  next();
}
