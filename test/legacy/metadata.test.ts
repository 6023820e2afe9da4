import 'reflect-metadata';
import { expect, test } from 'vitest';
import { Traced, Untraced } from '../../src/index.ts';
import { record } from '../harness.ts';

// As frameworks do: on the method's function, on the class under the method's name, and on parameters.

const Route =
  (path: string): MethodDecorator =>
  (_target, _key, descriptor) => {
    Reflect.defineMetadata('path', path, descriptor.value as object);
  };

const Roles =
  (...roles: string[]): MethodDecorator =>
  (target, key, descriptor) => {
    Reflect.defineMetadata('roles', roles, descriptor.value as object);
    Reflect.defineMetadata('roles', roles, target, key);
    Object.assign(descriptor.value as object, { roles });
  };

const Param =
  (name: string): ParameterDecorator =>
  (target, key, index) => {
    Reflect.defineMetadata('params', { [index]: name }, target.constructor, key!);
  };

class Above {
  @Traced()
  @Route('/orders')
  @Roles('admin')
  place(@Param('id') id: string, times: number): Promise<string> {
    return Promise.resolve(id.repeat(times));
  }
}

class Below {
  @Route('/orders')
  @Roles('admin')
  @Traced()
  place(@Param('id') id: string, times: number): Promise<string> {
    return Promise.resolve(id.repeat(times));
  }
}

@Traced()
class Around {
  @Route('/orders')
  @Roles('admin')
  place(@Param('id') id: string, times: number): Promise<string> {
    return Promise.resolve(id.repeat(times));
  }
}

test.each([
  ['above', Above],
  ['below', Below],
  ['around', Around],
])('all metadata survive @Traced() %s', async (_where, Controller) => {
  const { rows } = record();
  const { prototype } = Controller;
  const { place } = prototype;
  expect(Reflect.getMetadataKeys(place)).toEqual(expect.arrayContaining(['path', 'roles']));
  expect(Reflect.getOwnMetadata('path', place)).toBe('/orders');
  expect(Reflect.getOwnMetadata('roles', place)).toEqual(['admin']);
  expect(Reflect.getMetadata('roles', prototype, 'place')).toEqual(['admin']);
  expect(Reflect.getMetadata('params', Controller, 'place')).toEqual({ 0: 'id' });
  expect(Reflect.getMetadata('design:paramtypes', prototype, 'place')).toEqual([String, Number]);
  expect(Reflect.getMetadata('design:returntype', prototype, 'place')).toBe(Promise);
  expect(Object.entries(place)).toEqual([['roles', ['admin']]]);
  expect([place.name, place.length]).toEqual(['place', 2]);
  expect(await new Controller().place('x', 2)).toBe('xx');
  expect(rows()).toEqual([{ name: `${Controller.name}.place` }]);
});

test('@Untraced() under other decorators', () => {
  const { rows } = record();
  @Traced()
  class Health {
    @Route('/health')
    @Untraced()
    check() {}
  }
  new Health().check();
  expect(rows()).toEqual([]);
});
