import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';

@Injectable()
export class ManagerGuard implements CanActivate {
  readonly #logger = new Logger(ManagerGuard.name);

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-role'] === 'manager') return true;
    this.#logger.warn('refused: not a manager');
    return false;
  }
}
