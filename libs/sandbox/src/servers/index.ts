// The embedded servers. A door of their own beside the package's: tests that want a server need not load
// every stand-in.
export { findNatsServer, type FindNatsOptions, type NatsProgram } from "./find-nats.ts";
export { guardProcess, guardWithCommand, type Release } from "./guard.ts";
export { type NatsOptions, type NatsServer, startNats } from "./nats-server.ts";
export {
  type AdminConnection,
  connectAdmin,
  createDatabase,
  databaseIdentifier,
  dropDatabase,
} from "./postgres-admin.ts";
export { openCluster } from "./postgres-cluster.ts";
export { type PostgresOptions, type PostgresServer, startPostgres } from "./postgres-server.ts";
export type { OnWait } from "./wait.ts";
