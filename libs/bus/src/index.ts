// The door of @chasqui/bus: JetStream for the services. The only package that knows the NATS client.

export { connectBus } from "./connect.ts";
export { BusError, JetStreamError, RejectError, RetryError } from "./errors.ts";
export type {
  AskOptions,
  BatchItem,
  BatchSource,
  Bus,
  BusLog,
  ConnectOptions,
  ConsumeOptions,
  Consuming,
  Delivery,
  Needs,
  OpsOwned,
  OutMessage,
  PublishOutcome,
  ReadOptions,
  StoredMessage,
  StreamPlace,
  Starting,
  StreamPosition,
  Subscribed,
} from "./types.ts";
export { applyTopology } from "./topology-admin.ts";
export type { TopologyChange } from "./topology-admin.ts";
export { listDead, redrive } from "./redrive.ts";
export type { DeadLetter } from "./redrive.ts";
export type { AdminOptions } from "./admin-link.ts";
