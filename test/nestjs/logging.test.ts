import { Writable } from 'node:stream';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  ForbiddenException,
  Get,
  type LoggerService,
  Logger as NestLogger,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { WinstonModule } from 'nest-winston';
import { Logger as PinoNestLogger, LoggerModule } from 'nestjs-pino';
import { format, transports } from 'winston';
import { afterEach, expect, test, vi } from 'vitest';
import { pinoOptions, traceFormat, TraceLogger } from '../../examples/nestjs/loggers.ts';
import { TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { Served } from './serve.ts';

const logger = new NestLogger('Stock');

const guard: CanActivate = {
  canActivate() {
    logger.log('in the guard');
    throw new ForbiddenException();
  },
};

@Catch()
class LoggingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    logger.warn('in the filter');
    host.switchToHttp().getResponse<{ sendStatus(code: number): void }>().sendStatus(403);
  }
}

@Controller('stock')
@UseFilters(LoggingFilter)
class StockController {
  @Get()
  @UseGuards(guard)
  list() {}

  @Get('page')
  page() {
    logger.log('in the handler');
    return 'a page';
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [StockController] })
class StockModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    const log = (_request: unknown, _response: unknown, next: () => void) => {
      logger.log('in the middleware');
      next();
    };
    consumer.apply(log).forRoutes('{*all}');
  }
}

class Lines extends Writable {
  readonly all: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.all.push(...chunk.toString().split('\n').filter(Boolean));
    done();
  }
}

const pinoLines = new Lines();

@Module({ imports: [LoggerModule.forRoot({ pinoHttp: [pinoOptions, pinoLines] }), StockModule] })
class PinoModule {}

/** What was logged of a refused request and of one that was served, each with its trace. */
async function logged(
  module: object,
  lines: Lines,
  loggerOf: (app: { get(token: unknown): unknown }) => LoggerService,
) {
  using spans = recordSpans();
  const app = await NestFactory.create(module as never, new ExpressAdapter(), { bufferLogs: true });
  app.useLogger(loggerOf(app as never));
  await app.listen(0, '127.0.0.1');
  await using served = new Served(app);
  for (const path of ['/stock', '/stock/page']) await (await fetch(served.url + path)).text();
  await served.settled();
  const requests = spans.spans.filter(({ parent }) => parent === undefined);
  expect(requests.map(({ name }) => name)).toEqual(['GET /stock', 'GET /stock/page']);
  const [refused, page] = requests.map((span) => span.spanContext().traceId);
  return lines.all
    .map((line) => ({
      what: /in the \w+|request completed/.exec(line)?.[0],
      trace: line.includes(refused!) ? 'refused' : line.includes(page!) ? 'page' : 'none',
    }))
    .filter(({ what }) => what !== undefined)
    .map(({ what, trace }) => `${what}: ${trace}`);
}

const EVERYWHERE = [
  'in the middleware: refused',
  'in the guard: refused',
  'in the filter: refused',
  'in the middleware: page',
  'in the handler: page',
];

afterEach(() => {
  vi.restoreAllMocks();
  NestLogger.overrideLogger(false);
});

test.each([{ json: true }, { colors: false }])("Nest's own logger, %o", async (options) => {
  const lines = new Lines();
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => lines.write(text));
  expect(await logged(StockModule, lines, () => new TraceLogger(options))).toEqual(EVERYWHERE);
});

test('nestjs-pino, also what it says of a request when that is over', async () => {
  const said = await logged(PinoModule, pinoLines, (app) => app.get(PinoNestLogger) as LoggerService);
  expect(said).toEqual([
    ...EVERYWHERE.slice(0, 3),
    'request completed: refused',
    ...EVERYWHERE.slice(3),
    'request completed: page',
  ]);
});

test('winston', async () => {
  const lines = new Lines();
  const winston = WinstonModule.createLogger({
    format: format.combine(traceFormat(), format.json()),
    transports: [new transports.Stream({ stream: lines })],
  });
  expect(await logged(StockModule, lines, () => winston)).toEqual(EVERYWHERE);
});
