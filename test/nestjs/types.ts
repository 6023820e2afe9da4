import { Controller, Get, UseInterceptors } from '@nestjs/common';
import {
  RequestSignal,
  TracedInterceptor,
  TracingModule,
  type TracingModuleOptions,
} from '../../src/nestjs/index.ts';

// Checked by the compiler, never run.

interface Config {
  get(key: string): string;
}
class ConfigService implements Config {
  get = (key: string): string => key;
}

export const modules = [
  TracingModule.forRoot(),
  TracingModule.forRoot({ tracerName: 'shop', attributes: { team: 'a' }, exclude: ['/health', /^\/_/] }),
  TracingModule.forRootAsync({
    inject: [ConfigService],
    useFactory: (config: Config) => ({ enabled: config.get('TRACING') === 'on' }),
  }),
  TracingModule.forRootAsync({ useFactory: async (): Promise<TracingModuleOptions> => ({}) }),
  // @ts-expect-error there is no such option
  TracingModule.forRoot({ excluded: ['/health'] }),
  // @ts-expect-error routes come in arrays
  TracingModule.forRoot({ exclude: '/health' }),
  // @ts-expect-error one of two
  TracingModule.forRoot({ classes: 'all' }),
];

@Controller()
@UseInterceptors(
  TracedInterceptor,
  new TracedInterceptor({ include: ['/orders'], traceResponseHeader: true }),
)
export class Orders {
  @Get()
  find(@RequestSignal() signal: AbortSignal): boolean {
    return signal.aborted;
  }
}
