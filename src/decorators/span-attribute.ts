import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ArgumentAttributes } from '../options/plan.ts';
import { refuse } from '../options/check.ts';
import { inWords } from '../platform/report.ts';
import type { Key } from './member.ts';

/** The parts of `reflect-metadata` used here. */
interface MetadataReflect {
  getOwnMetadata?: (key: unknown, target: object, member: Key) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object, member: Key) => void;
}

/** Parameters of one method: attribute names by position. */
type ParameterAttributes = readonly (readonly [index: number, attribute: string])[];

/** Shared by several copies of the library in one process. */
const METADATA_KEY = Symbol.for('oncespan.span-attributes');

const metadata = Reflect as MetadataReflect;

export interface SpanAttribute {
  /**
   * Puts an argument of a `@Traced()` method on its span, when the span starts: a string, a number, a boolean, or an array of
   * these. `undefined` and `null` are left out. For legacy decorators, with `reflect-metadata`; standard decorators have no
   * parameter decorators.
   *
   * @param attribute the name of the attribute
   * @throws TypeError while decorating: `reflect-metadata` is missing, or something else than a method's parameter
   * @example
   * class Orders {
   *   \@Traced()
   *   place(\@SpanAttribute('order.id') id: string) {}
   * }
   */
  (attribute: string): (target: object, method: Key, index: number) => void;
}

export const spanAttributeDecorator: SpanAttribute = (attribute) => {
  if (typeof attribute !== 'string' || attribute === '') {
    refuse(`@SpanAttribute(): ${inWords(attribute)} is not an attribute's name; give a non-empty string`);
  }
  const decorator = `@SpanAttribute('${attribute}')`;
  return (target, method: Key | undefined, index: unknown) => {
    if (method === undefined || typeof index !== 'number')
      return refuse(`${decorator} is not on a parameter of a method; put it on one`);
    if (typeof metadata.defineMetadata !== 'function') {
      return refuse(
        `${decorator}: reflect-metadata is not loaded; npm install reflect-metadata, and import it first`,
      );
    }
    const others = readParameterAttributes(target, method) ?? [];
    metadata.defineMetadata(METADATA_KEY, [...others, [index, attribute]], target, method);
  };
};

function readParameterAttributes(target: object, method: Key): ParameterAttributes | undefined {
  return metadata.getOwnMetadata?.(METADATA_KEY, target, method) as ParameterAttributes | undefined;
}

/** @returns the attributes that the arguments of one call stand for, or `undefined` for a method that names none */
export function argumentAttributes(target: object, method: Key): ArgumentAttributes | undefined {
  const parameters = readParameterAttributes(target, method);
  if (parameters === undefined) return undefined;
  return (args) =>
    Object.fromEntries(
      parameters
        .map(([index, attribute]) => [attribute, args[index] as AttributeValue])
        .filter(([, value]) => value != null),
    ) as Attributes;
}
