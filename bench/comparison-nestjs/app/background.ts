import { Injectable } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';

@Injectable()
export class Cleaning {
  @Cron('0 0 1 1 *', { name: 'cleaning' })
  sweep(): void {}

  @OnEvent('order.placed')
  tell(): void {}
}

export const background = [ScheduleModule.forRoot(), EventEmitterModule.forRoot()];

export const acts = {
  tick: (app: { get(token: unknown): SchedulerRegistry }) =>
    app.get(SchedulerRegistry).getCronJob('cleaning').fireOnTick(),
  emit: (app: { get(token: unknown): EventEmitter2 }) => app.get(EventEmitter2).emitAsync('order.placed'),
};
