import { behaves, checkOrders } from './orders.js';

void behaves(checkOrders);
