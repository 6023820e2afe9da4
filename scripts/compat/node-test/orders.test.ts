import { test } from 'node:test';
import { checkOrders } from '../compilers/orders.ts';

test('decorated classes', () => checkOrders());
