// A Nest application with a module of a package, that says which spans there are when it is closed.
import 'reflect-metadata';
import { diag, DiagConsoleLogger } from '@opentelemetry/api';
import { Logger, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';

diag.setLogger(new DiagConsoleLogger());

export function sizeOf(order: number): string {
  if (order > 100) return 'large';
  return 'small';
}

class Own {
  readonly log = new Logger();

  onModuleDestroy() {
    this.log.debug('closing');
    return sizeOf(1);
  }
}

const [library, how] = process.argv.slice(2) as [string, string];
const { LibraryModule, LibraryService } = (await import(library)) as Record<string, Type>;
Module({ providers: [LibraryService!] })(LibraryModule!);
const classes = how === 'excluded' ? { exclude: [LibraryModule!] } : 'providers';

class AppModule {}
Module({ imports: [TracingModule.forRoot({ classes }), LibraryModule!], providers: [Own, Logger] })(
  AppModule,
);

sizeOf(2);
using spans = recordSpans();
const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
await app.close();
process.stdout.write(spans.tree());
