import type { Collector } from './collector.ts';

/** What a contender puts into the application. */
export interface InNest {
  readonly imports: unknown[];
  readonly providers: unknown[];
  /** Its decorator for a method of a service; without one the methods stay as they are. */
  readonly traced?: () => MethodDecorator;
  /** Its decorator for a parameter that is to be the active span. */
  readonly currentSpan?: () => ParameterDecorator;
}

export interface Contender {
  /** Starts its telemetry, before anything of Nest is loaded, as its documentation says. */
  start(collector: Collector, how: How): void;
  /** Once everything can be loaded. */
  inNest(): InNest;
  /** What its user does last. */
  shutdown(): Promise<unknown>;
}

export interface How {
  readonly adapter: 'express' | 'fastify';
  /** Without the HTTP instrumentation that its user adds. */
  readonly alone: boolean;
}

export const how: How = {
  adapter: process.env.ADAPTER === 'fastify' ? 'fastify' : 'express',
  alone: process.env.ALONE === '1',
};

export const contender: Contender = require(`./contenders/${process.env.CONTENDER}.js`).default;
