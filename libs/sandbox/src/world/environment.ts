// What each process of a local installation is told: the environment variables of its settings.ts.
import { builtInKinds } from "@chasqui/contracts";
import { compiledSourceEnv, servicesWithStore } from "@chasqui/chassis";
import { KEY as BUCKETS_KEY } from "../buckets/signature.ts";
import type { SandboxUrls } from "./sandbox-urls.ts";
import type { Credentials } from "./credentials.ts";

/** In start order: whoever is asked first comes first. */
export const serviceNames = [
  "state-machine",
  "scheduler",
  "report-mailer",
  "k8s-runner",
  "alert-notifier",
  "sensor-runner",
  "vertex-runner",
  "console",
] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface WorldAddresses {
  readonly natsUrl: string;
  /** As superuser, of a database. */
  readonly postgresUrl: (database: string) => string;
  readonly sandbox: SandboxUrls;
  readonly grpcPorts: Readonly<Record<ServiceName, number>>;
  readonly consoleHttpPort: number;
  readonly environmentFile: string;
  /** The folder of policies. */
  readonly policies: string;
}

export const DATABASE = "chasqui";
export const WAREHOUSE = "warehouse";

export function environmentOf(
  name: ServiceName,
  addresses: WorldAddresses,
  credentials: Credentials,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const { sandbox, grpcPorts } = addresses;
  const at = (service: ServiceName): string => `127.0.0.1:${grpcPorts[service]}`;
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "/",
    TZ: process.env["TZ"] ?? "UTC",
    ...compiledSourceEnv(),
    CHASQUI_ENVIRONMENT: "local",
    CHASQUI_ENVIRONMENT_FILE: addresses.environmentFile,
    CHASQUI_POLICIES: addresses.policies,
    CHASQUI_NATS_URL: addresses.natsUrl,
    CHASQUI_NATS_USER: name,
    CHASQUI_NATS_PASSWORD: credentials.of(name),
    CHASQUI_HEALTH_PORT: "0",
    CHASQUI_GRPC_PORT: String(grpcPorts[name]),
    CHASQUI_STATE_MACHINE: at("state-machine"),
    CHASQUI_SCHEDULER: at("scheduler"),
    CHASQUI_REPORT_MAILER: at("report-mailer"),
    CHASQUI_ALERT_NOTIFIER: at("alert-notifier"),
    CHASQUI_CONSOLE_URL: `http://127.0.0.1:${addresses.consoleHttpPort}`,
    CHASQUI_HTTP_PORT: String(addresses.consoleHttpPort),
    CHASQUI_TRACE_QUERY_URL: sandbox.otlp,
    CHASQUI_TRACE_LINK: `${sandbox.otlp}/trace/{trace}`,
    CHASQUI_MAIL_VIEWER_URL: sandbox.mail,
    CHASQUI_SLACK_VIEWER_URL: sandbox.slack,
    OTEL_EXPORTER_OTLP_ENDPOINT: sandbox.otlp,
    METADATA_SERVER_DETECTION: "none",
    // Everything that there is to wait for on one machine is at this address.
    CHASQUI_SENSOR_PRIVATE_ADDRESSES: "127.0.0.1",
    ...databaseOf(name, addresses, credentials),
    ...connectionsOf(addresses),
    ...(name === "console" ? { CHASQUI_WEBHOOK_SECRET: credentials.of("webhook depot") } : {}),
    ...extra,
  };
}

function databaseOf(
  name: ServiceName,
  addresses: WorldAddresses,
  credentials: Credentials,
): Record<string, string> {
  if (!servicesWithStore.some((service) => service === name)) return {};
  return { CHASQUI_DATABASE_URL: roleUrl(addresses.postgresUrl(DATABASE), name, credentials) };
}

export function roleUrl(databaseUrl: string, role: string, credentials: Credentials): string {
  const url = new URL(databaseUrl);
  url.username = role;
  url.password = credentials.of(`postgres ${role}`);
  return url.href;
}

/** What environments/local.yaml refers to. Only services that run tasks or alert resolve connections. */
function connectionsOf({ sandbox, postgresUrl }: WorldAddresses): Record<string, string> {
  return {
    CHASQUI_WAREHOUSE_URL: postgresUrl(WAREHOUSE),
    CHASQUI_SMTP_HOST: "127.0.0.1",
    CHASQUI_SMTP_PORT: String(sandbox.smtpPort),
    CHASQUI_MAIL_LOOKUP_URL: `${sandbox.mail}/api/mails`,
    CHASQUI_SLACK_TOKEN: "xoxb-sandbox",
    CHASQUI_SLACK_API_URL: sandbox.slackApi,
    CHASQUI_VERTEX_ENDPOINT: sandbox.vertex,
    CHASQUI_BUCKETS_ENDPOINT: sandbox.buckets,
    CHASQUI_BUCKETS_KEY: BUCKETS_KEY.secret,
    KUBECONFIG: sandbox.kubeconfig,
  };
}

/** Kinds that the services of this installation run. */
export const localKinds = Object.keys(builtInKinds);
