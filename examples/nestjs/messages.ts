// Messages that continue the trace of their sender. Here is what the sender adds, for each transporter. The receiver adds nothing:
// its TracingModule reads the trace.

import { Metadata } from '@grpc/grpc-js';
import { headers } from '@nats-io/transport-node';
import {
  type ClientProxy,
  MqttRecordBuilder,
  NatsRecordBuilder,
  RmqRecordBuilder,
} from '@nestjs/microservices';
import { carrier } from 'oncespan';

/** RabbitMQ. */
export const rabbitOrder = (order: object) =>
  new RmqRecordBuilder(order).setOptions({ headers: carrier() }).build();

/** NATS. */
export function natsOrder(order: object) {
  const trace = headers();
  for (const [name, value] of Object.entries(carrier())) trace.set(name, value);
  return new NatsRecordBuilder(order).setHeaders(trace).build();
}

/** Kafka. */
export const kafkaOrder = (order: object) => ({ value: order, headers: carrier() });

/** MQTT 5. */
export const mqttOrder = (order: object) =>
  new MqttRecordBuilder(order).setProperties({ userProperties: carrier() }).build();

/** gRPC: the second argument of a method of the client. */
export function grpcMetadata(): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(carrier())) metadata.set(name, value);
  return metadata;
}

/** Redis and TCP, Nest 12: once for a client. */
export function sendTraces(client: ClientProxy): void {
  client.setOnDispatchHook((packet) => {
    packet.metadata = carrier();
  });
}

/** Redis and TCP, Nest 11: in the payload. */
export const orderWithTrace = (order: object) => ({ ...order, ...carrier() });
