// The door of @chasqui/chassis: how a process of Chasqui behaves.

export { assert, AssertionError, unreachable } from "./assert.ts";
export {
  address,
  durationMs,
  flag,
  integer,
  oneOf,
  optional,
  port,
  secret,
  SettingsError,
  settingsFrom,
  text,
  url,
} from "./settings.ts";
export type { Setting, SettingsOf, SettingsSpec } from "./settings.ts";
export {
  busSettings,
  consoleUrlSetting,
  databaseSettings,
  environmentFileSetting,
  grpcSettings,
  listenHosts,
  processSettings,
} from "./common-settings.ts";
export { environments } from "./environment/environment-names.ts";
export type { EnvironmentName } from "./environment/environment-names.ts";
export { forgetSecrets, mask, maskJson, maskPasswordOf, maskSecrets } from "./secrets.ts";
export { createLogger } from "./logger.ts";
export type { Logger, LoggerOptions } from "./logger.ts";
export { formatTraceparent, newSpanId, parseTraceparent } from "./traceparent.ts";
export type { TraceParent } from "./traceparent.ts";
export { hasCollector, startTelemetry } from "./telemetry.ts";
export type { TelemetryOptions } from "./telemetry.ts";
export { noTelemetry } from "./spans.ts";
export type {
  AttributeValue,
  Attributes,
  Counter,
  Histogram,
  SpanKindName,
  SpanLink,
  SpanRecord,
  Telemetry,
} from "./spans.ts";
export { deliverySpan, jobSpan, updateSpan } from "./run-trace/attempt-spans.ts";
export { eventSpan, processedSpan, spansEndedBy } from "./run-trace/run-spans.ts";
export { HistorySpans } from "./run-trace/history-spans.ts";
export type { ServiceSpan, StoredEvent, StoredRun } from "./run-trace/history-spans.ts";
export { storedEvent, storedRun } from "./run-trace/stored-run.ts";
export { exportTrace } from "./run-trace/export-trace.ts";
export type { ExportedRun, ExportedTrace } from "./run-trace/export-trace.ts";
export { openSpanSender, SpansNotSentError, tracesEndpointOf } from "./run-trace/sender.ts";
export type { SpanSender } from "./run-trace/sender.ts";
export { spanIds } from "./run-trace/span-ids.ts";
export { startSpan, tickSpan, triggerSpan } from "./run-trace/start-spans.ts";
export { startHealth } from "./health.ts";
export type { Health, HealthOptions } from "./health.ts";
export { checkDatabase, clientOf, openDatabase, schemaOf, steadyPlans } from "./database.ts";
export type { Database, DatabaseOptions, SessionParameters } from "./database.ts";
export { databaseCodeOf, isConflict, isDataError, isOutage } from "./database-errors.ts";
export { migrateDatabase } from "./migrate.ts";
export type { MigrateOptions } from "./migrate.ts";
export type { Part, StopFailure } from "./part.ts";
export { PartStack } from "./part.ts";
export { runService } from "./lifecycle.ts";
export type { Life, ProcessSettings, ServiceOptions } from "./lifecycle.ts";
export { processHost } from "./host.ts";
export type { Host } from "./host.ts";
export { authorize } from "./authorize.ts";
export type { Action, AuditEntry, Policy } from "./authorize.ts";
export { codeNameOf, RpcCode, RpcError } from "./grpc/rpc-error.ts";
export type { RpcCodeName } from "./grpc/rpc-error.ts";
export { ANONYMOUS } from "./grpc/call.ts";
export type { CallContext } from "./grpc/call.ts";
export { implementation } from "./grpc/implementation.ts";
export type { HandlerOf, Handlers, ServiceImplementation } from "./grpc/implementation.ts";
export { serveGrpc } from "./grpc/server.ts";
export type { GrpcServer, GrpcServerOptions } from "./grpc/server.ts";
export { createGrpcClient } from "./grpc/client.ts";
export type { GrpcCallOptions, GrpcClient, GrpcClientOptions } from "./grpc/client.ts";
export { forwardGrpc } from "./grpc/forward.ts";
export type { ForwardOptions, Route } from "./grpc/forward.ts";
export { applyDatabaseRoles, servicesWithStore } from "./database-roles.ts";
export type { ServiceRole } from "./database-roles.ts";
export { assetFolder } from "./asset-folder.ts";
export {
  ConnectionError,
  connectionOf,
  connectionTypeOf,
  resolveConnection,
} from "./environment/resolve-connection.ts";
export { answerConnectionTests, TEST_MS } from "./environment/answer-tests.ts";
export type { ConnectionTestOptions, TryConnection } from "./environment/answer-tests.ts";
export { tryPostgres } from "./environment/try-postgres.ts";
export { postgresAddress } from "./environment/postgres-address.ts";
export type { ConnectionOf } from "./environment/resolve-connection.ts";
export {
  EnvironmentFileError,
  parseEnvironmentFile,
  readEnvironmentFile,
} from "./environment/environment-file.ts";
export type { ConnectionSpec, EnvironmentFile } from "./environment/environment-file.ts";
export type { Scalar } from "./environment/connection-field.ts";
export { collectGarbageWhenIdle } from "./idle-garbage.ts";
export { compiledSourceEnv, leanProcessEnv } from "./lean-process.ts";
