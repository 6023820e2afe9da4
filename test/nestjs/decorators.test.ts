import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Module,
  Param,
  ParseIntPipe,
  Post,
  SetMetadata,
  type Type,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { map, type Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { SpanAttribute, Traced } from '../../src/index.ts';
import { TracingModule } from '../../src/nestjs/index.ts';
import { type ExpectedSpan, recordSpans } from '../../src/testing/index.ts';
import { NewOrder, RolesGuard } from './orders.ts';
import { adapters, serve } from './serve.ts';

const Roles = (...roles: string[]) => SetMetadata('roles', roles);

const Loud = UseInterceptors({
  intercept: (_context: unknown, next: { handle(): Observable<string> }) =>
    next.handle().pipe(map((text) => text.toUpperCase())),
});

@Controller('desk')
class Above {
  @Traced()
  @Get('open/:id')
  @HttpCode(203)
  @Header('x-desk', 'yes')
  @Loud
  open(@SpanAttribute('order.id') @Param('id', ParseIntPipe) id: number) {
    return `open ${id + 1}`;
  }

  @Traced()
  @Get('closed')
  @UseGuards(RolesGuard)
  @Roles('admin')
  closed() {
    return 'closed';
  }

  @Traced()
  @Post()
  @UsePipes(ValidationPipe)
  place(@Body() order: NewOrder) {
    return order.item;
  }
}

@Controller('desk')
class Below {
  @Get('open/:id')
  @HttpCode(203)
  @Header('x-desk', 'yes')
  @Loud
  @Traced()
  open(@Param('id', ParseIntPipe) @SpanAttribute('order.id') id: number) {
    return `open ${id + 1}`;
  }

  @Get('closed')
  @UseGuards(RolesGuard)
  @Roles('admin')
  @Traced()
  closed() {
    return 'closed';
  }

  @Post()
  @UsePipes(ValidationPipe)
  @Traced()
  place(@Body() order: NewOrder) {
    return order.item;
  }
}

@Traced()
@UseGuards(RolesGuard)
@Controller('desk')
class Around {
  @Get('open/:id')
  @HttpCode(203)
  @Header('x-desk', 'yes')
  @Loud
  open(@Param('id', ParseIntPipe) @SpanAttribute('order.id') id: number) {
    return `open ${id + 1}`;
  }

  @Get('closed')
  @Roles('admin')
  closed() {
    return 'closed';
  }

  @Post()
  @UsePipes(ValidationPipe)
  place(@Body() order: NewOrder) {
    return order.item;
  }
}

const places: [string, Type][] = [
  ['above', Above],
  ['below', Below],
  ['around', Around],
];

describe.each(adapters)('%s', (_name, adapter) => {
  describe.each(places)('@Traced() %s the decorators of a controller', (_place, controller) => {
    @Module({ imports: [TracingModule.forRoot({ requests: false })], controllers: [controller] })
    class DeskModule {}

    const handled = (method: string, inner: object = {}): ExpectedSpan => {
      const name = `${controller.name}.${method}`;
      return { name, children: [{ name, ...inner }] };
    };

    test('a forbidden route stays forbidden', async () => {
      using spans = recordSpans();
      await using served = await serve(DeskModule, adapter());
      for (const role of ['', 'guest'])
        expect((await fetch(`${served.url}/desk/closed`, { headers: { 'x-role': role } })).status).toBe(403);
      spans.only([]);
      const allowed = await fetch(`${served.url}/desk/closed`, { headers: { 'x-role': 'admin' } });
      expect(await allowed.text()).toBe('closed');
      await served.settled();
      spans.only([handled('closed')]);
    });

    test('route, status, headers, interceptors and the pipes of parameters work', async () => {
      using spans = recordSpans();
      await using served = await serve(DeskModule, adapter());
      const response = await fetch(`${served.url}/desk/open/6`);
      expect([response.status, response.headers.get('x-desk'), await response.text()]).toEqual([
        203,
        'yes',
        'OPEN 7',
      ]);
      expect((await fetch(`${served.url}/desk/open/six`)).status).toBe(400);
      await served.settled();
      spans.only([handled('open', { attributes: { 'order.id': 6 } }), `${controller.name}.open`]);
    });

    test('what is not valid is refused', async () => {
      using spans = recordSpans();
      await using served = await serve(DeskModule, adapter());
      const post = (order: object) =>
        fetch(`${served.url}/desk`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(order),
        });
      expect((await post({ item: 'tea', times: 0 })).status).toBe(400);
      expect((await post({ item: 'tea', times: 1 })).status).toBe(201);
      await served.settled();
      spans.only([`${controller.name}.place`, handled('place')]);
    });
  });
});

class Desk {
  readonly heard: string[] = [];

  @Traced()
  @Cron('0 0 1 1 *', { name: 'above' })
  above() {
    this.heard.push('cron above');
  }

  @Cron('0 0 1 1 *', { name: 'below' })
  @Traced()
  below() {
    this.heard.push('cron below');
  }

  @Traced()
  @OnEvent('order.placed')
  async placedAbove(item: string) {
    this.heard.push(`${item} above`);
  }

  @OnEvent('order.placed')
  @Traced()
  async placedBelow(item: string) {
    this.heard.push(`${item} below`);
  }
}

test('@Cron and @OnEvent, on both sides of @Traced()', async () => {
  @Module({
    imports: [
      TracingModule.forRoot({ requests: false }),
      ScheduleModule.forRoot(),
      EventEmitterModule.forRoot(),
    ],
    providers: [Desk],
  })
  class DeskModule {}
  using spans = recordSpans();
  await using served = await serve(DeskModule, new ExpressAdapter());
  for (const name of ['above', 'below'])
    await served.app.get(SchedulerRegistry).getCronJob(name).fireOnTick();
  await served.app.get(EventEmitter2).emitAsync('order.placed', 'tea');
  expect(served.app.get(Desk).heard).toEqual(['cron above', 'cron below', 'tea above', 'tea below']);
  spans.only(['Desk.above', 'Desk.below', 'Desk.placedAbove', 'Desk.placedBelow']);
});
