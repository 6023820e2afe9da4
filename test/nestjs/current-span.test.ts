import { Controller, Get, Module, Param } from '@nestjs/common';
import { type Span, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { CurrentSpan, TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { adapters, serve } from './serve.ts';

@Controller('pages')
class PagesController {
  @Get(':id')
  find(@Param('id') id: string, @CurrentSpan() span: Span) {
    span.setAttribute('page.id', id);
    return span === trace.getActiveSpan();
  }

  @Get()
  list(@CurrentSpan() span: Span) {
    span.setAttribute('pages', 0);
    return span.isRecording();
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [PagesController] })
class AppModule {}

@Module({ controllers: [PagesController] })
class UntracedModule {}

describe.each(adapters)('%s', (_name, adapter) => {
  test("@CurrentSpan() is the handler's span", async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    expect(await (await fetch(`${served.url}/pages/7`)).text()).toBe('true');
    await served.settled();
    const handler = { name: 'PagesController.find', attributes: { 'page.id': '7' } };
    spans.only([{ name: 'GET /pages/:id', attributes: { 'page.id': undefined! }, children: [handler] }]);
  });

  test('where there is none, it is one that records nothing', async () => {
    await using served = await serve(AppModule, adapter());
    expect(await (await fetch(`${served.url}/pages`)).text()).toBe('false');
    await using untraced = await serve(UntracedModule, adapter());
    expect(await (await fetch(`${untraced.url}/pages`)).text()).toBe('false');
  });
});
