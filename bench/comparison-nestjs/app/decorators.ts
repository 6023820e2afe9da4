import { createParamDecorator } from '@nestjs/common';
import { contender } from './contender.ts';

export const inNest = contender.inNest();

export const Traced: () => MethodDecorator = inNest.traced ?? (() => () => {});

export const ActiveSpan: () => ParameterDecorator =
  inNest.currentSpan ?? createParamDecorator(() => undefined);
