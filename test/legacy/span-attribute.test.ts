import 'reflect-metadata';
import { expect, onTestFinished, test } from 'vitest';
import { SpanAttribute, Traced } from '../../src/index.ts';
import { record } from '../harness.ts';

/** As frameworks mark parameters. */
const Param =
  (name: string): ParameterDecorator =>
  (target, key, index) => {
    const at = key === undefined ? (target as object) : target.constructor;
    Reflect.defineMetadata('params', { ...Reflect.getMetadata('params', at, key!), [index]: name }, at, key!);
  };

class Base {
  @Traced({ attributes: (_id: string, lines: number) => ({ lines, own: true }) })
  place(@SpanAttribute('order.id') id: string, @SpanAttribute('lines') _lines: number): string {
    return id;
  }

  @Traced()
  static open(@SpanAttribute('open.tags') _tags: string[], @SpanAttribute('open.by') _by?: string): void {}
}

class Plain extends Base {
  @Traced()
  override place(id: string, _lines: number): string {
    return id;
  }
}

test('arguments become attributes; the hook of @Traced() wins, and nothing is inherited', () => {
  const { rows } = record();
  expect(new Base().place('7', 2)).toBe('7');
  expect(new Plain().place('8', 3)).toBe('8');
  Base.open(['a', 'b']);
  expect(rows()).toEqual([
    { name: 'Base.place', attributes: { 'order.id': '7', lines: 2, own: true } },
    { name: 'Plain.place' },
    { name: 'Base.open', attributes: { 'open.tags': ['a', 'b'] } },
  ]);
});

test('under a class decorator, beside other parameter decorators and constructor injection', () => {
  const { rows } = record();
  @Traced()
  class Orders {
    constructor(@Param('repository') readonly repository: Base) {}

    place(
      @Param('id') @SpanAttribute('order.id') _id: string,
      @SpanAttribute('order.tag') @Param('tag') _tag: string,
    ) {}
  }
  new Orders(new Base()).place('7', 'new');
  expect(Reflect.getMetadata('design:paramtypes', Orders)).toEqual([Base]);
  expect(Reflect.getMetadata('params', Orders)).toEqual({ 0: 'repository' });
  expect(Reflect.getMetadata('params', Orders, 'place')).toEqual({ 0: 'id', 1: 'tag' });
  expect(rows()).toEqual([{ name: 'Orders.place', attributes: { 'order.id': '7', 'order.tag': 'new' } }]);
});

test('without @Traced() nothing happens', () => {
  const { rows } = record();
  class Quiet {
    look(@SpanAttribute('at') at: string): string {
      return at;
    }
  }
  expect(new Quiet().look('a')).toBe('a');
  expect(rows()).toEqual([]);
});

test('reflect-metadata that is missing', () => {
  const { defineMetadata } = Reflect;
  onTestFinished(() => void Object.assign(Reflect, { defineMetadata }));
  Object.assign(Reflect, { defineMetadata: undefined });
  const decorate = () => {
    class Place {
      look(@SpanAttribute('at') _at: string) {}
    }
    return Place;
  };
  expect(decorate).toThrow(
    new TypeError(
      "@SpanAttribute('at'): reflect-metadata is not loaded; npm install reflect-metadata, and import it first",
    ),
  );
});

test.each<[string, () => unknown, string]>([
  [
    'a constructor parameter',
    () => {
      class Place {
        // @ts-expect-error as the types say
        constructor(@SpanAttribute('at') _at: string) {}
      }
      return Place;
    },
    "@SpanAttribute('at') is not on a parameter of a method; put it on one",
  ],
  [
    'a method',
    () => {
      class Place {
        // @ts-expect-error as the types say
        @SpanAttribute('at')
        look() {}
      }
      return Place;
    },
    "@SpanAttribute('at') is not on a parameter of a method; put it on one",
  ],
  [
    'no name',
    () => SpanAttribute(''),
    "@SpanAttribute(): '' is not an attribute's name; give a non-empty string",
  ],
])('%s cannot be an attribute', (_what, decorate, message) => {
  expect(decorate).toThrow(new TypeError(message));
});
