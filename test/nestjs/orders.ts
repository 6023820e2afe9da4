import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  HttpException,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Post,
  Res,
  SetMetadata,
  Sse,
  StreamableFile,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { IsInt, IsString, Min } from 'class-validator';
import type { ServerResponse } from 'node:http';
import { Observable, of, Subject } from 'rxjs';
import { Traced } from '../../src/index.ts';
import { RequestSignal } from '../../src/nestjs/index.ts';
import { deferred } from '../harness.ts';

// What a real application has: one handler for each way to answer.

export class NewOrder {
  @IsString()
  item!: string;

  @IsInt()
  @Min(1)
  times!: number;
}

/** Where handlers get to and stay, so that a test can act in the middle. */
export class Stage {
  #entries = 0;
  #changed = deferred();

  enter(): void {
    this.#entries++;
    this.#changed.resolve();
    this.#changed = deferred();
  }

  /** Waits until so many have come. */
  async entered(count = 1): Promise<void> {
    while (this.#entries < count) await this.#changed.promise;
  }

  /** Stays until the signal aborts, as a query would. */
  async wait(signal: AbortSignal): Promise<never> {
    this.enter();
    if (!signal.aborted) await once(signal, 'abort');
    throw signal.reason;
  }
}

@Injectable()
export class OrdersService {
  readonly stage = new Stage();
  readonly progress = new Subject<{ data: object }>();
  unsubscribed = 0;

  @Traced({ attributes: (id: string) => ({ 'order.id': id }) })
  async find(id: string): Promise<{ id: string }> {
    if (id === 'none') throw new NotFoundException('there is no such order');
    if (id === 'broken') throw new Error('the disk is full');
    return { id };
  }

  @Traced()
  slow(signal: AbortSignal): Promise<never> {
    return this.stage.wait(signal);
  }
}

const Roles = (...roles: string[]) => SetMetadata('roles', roles);

@Injectable()
export class RolesGuard implements CanActivate {
  readonly #reflector: Reflector;

  constructor(reflector: Reflector) {
    this.#reflector = reflector;
  }

  canActivate(context: ExecutionContext): boolean {
    const roles = this.#reflector.get<string[] | undefined>('roles', context.getHandler());
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return roles === undefined || roles.includes(headers['x-role'] ?? '');
  }
}

@UseGuards(RolesGuard)
@Controller('orders')
export class OrdersController {
  readonly orders: OrdersService;

  constructor(orders: OrdersService) {
    this.orders = orders;
  }

  @Get()
  list() {
    return ['a', 'b'];
  }

  @Get('observed')
  observed() {
    return of({ id: 1 }, { id: 2 });
  }

  @Get('secret')
  @Roles('admin')
  secret() {
    return 'the secret';
  }

  @Get('slow')
  slow(@RequestSignal() signal: AbortSignal) {
    return this.orders.slow(signal);
  }

  @Get('circular')
  circular() {
    const order: Record<string, unknown> = {};
    order['self'] = order;
    return order;
  }

  @Get('teapot')
  teapot() {
    throw new HttpException('short and stout', 418);
  }

  @Get('gateway')
  gateway() {
    throw new HttpException('the bank does not answer', 502);
  }

  @Get('raw')
  raw(@Res() reply: ServerResponse | { raw: ServerResponse }) {
    const response = 'raw' in reply ? reply.raw : reply;
    response.writeHead(202, { 'content-type': 'text/plain' });
    response.end('by hand');
  }

  @Sse('progress')
  progress() {
    return new Observable<{ data: object }>((subscriber) => {
      const subscription = this.orders.progress.subscribe(subscriber);
      this.orders.stage.enter();
      return () => {
        this.orders.unsubscribed++;
        subscription.unsubscribe();
      };
    });
  }

  @Get('export')
  @Header('content-type', 'text/csv')
  export() {
    return new StreamableFile(Readable.from(['id\n', '1\n', '2\n']));
  }

  /** Never ends by itself, and fills every buffer on the way. */
  @Get('endless')
  endless() {
    const stage = this.orders.stage;
    async function* rows() {
      stage.enter();
      for (;;) yield 'x'.repeat(65_536);
    }
    return new StreamableFile(Readable.from(rows()));
  }

  @Get('damaged')
  damaged() {
    async function* rows() {
      yield 'id\n';
      await nextTurn();
      throw new Error('the disk is gone');
    }
    return new StreamableFile(Readable.from(rows(), { objectMode: false }));
  }

  @Get(':id')
  find(@Param('id') id: string) {
    return this.orders.find(id);
  }

  @Post()
  place(@Body(new ValidationPipe()) order: NewOrder) {
    return { placed: order.item };
  }
}

@Module({ controllers: [OrdersController], providers: [OrdersService] })
export class OrdersModule {}
