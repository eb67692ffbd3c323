// The sandbox: embedded servers, and local stand-ins for what the services talk to outside. For `npm start` and
// tests; production code never imports it.
export {
  type AdminConnection,
  connectAdmin,
  createDatabase,
  dropDatabase,
  findNatsServer,
  type FindNatsOptions,
  guardProcess,
  guardWithCommand,
  type NatsOptions,
  type NatsProgram,
  type NatsServer,
  type OnWait,
  type PostgresOptions,
  type PostgresServer,
  type Release,
  startNats,
  startPostgres,
} from "./servers/index.ts";
export { startBuckets } from "./buckets/server.ts";
export type { BucketRequest, BucketsStandIn } from "./buckets/server.ts";
export { startKubernetes } from "./kubernetes/server.ts";
export type { KubernetesOptions, KubernetesStandIn } from "./kubernetes/server.ts";
export type { LoggedRequest } from "./kubernetes/request-log.ts";
export { startVertex } from "./vertex/server.ts";
export type { VertexFault, VertexOptions, VertexRequest, VertexStandIn } from "./vertex/server.ts";
export type { CustomJob } from "./vertex/custom-jobs.ts";
export { startSlack } from "./slack/server.ts";
export type { SlackOptions, SlackRequest, SlackStandIn } from "./slack/server.ts";
export type { SlackMessage } from "./slack/store.ts";
export { startSmtp } from "./smtp/server.ts";
export type { SmtpOptions, SmtpStandIn } from "./smtp/server.ts";
export type { CaughtMail, MailSummary } from "./smtp/mail.ts";
export { startWorld } from "./world/world.ts";
export type { Prepared, World, WorldOptions } from "./world/world.ts";
export type { WorldPorts } from "./world/ports.ts";
export type { SandboxUrls } from "./world/sandbox-urls.ts";
export { serviceNames } from "./world/environment.ts";
export type { ServiceName } from "./world/environment.ts";
export type { ServiceProcess } from "./world/service-process.ts";
export { startOtlp } from "./otlp/server.ts";
export type { OtlpOptions, OtlpStandIn } from "./otlp/server.ts";
export type { MetricPoint } from "./otlp/metrics.ts";
export type { SpanRecord } from "./otlp/span.ts";
export type { TraceSummary } from "./otlp/trace-store.ts";
export { startSandbox } from "./sandbox.ts";
export type { Sandbox, SandboxOptions, SandboxPorts } from "./sandbox.ts";
