// The settings that every service has, spelled once. A service's settings.ts spreads what it needs of them.
import { environments } from "./environment/environment-names.ts";
import {
  durationMs,
  integer,
  oneOf,
  optional,
  port,
  secret,
  settingsFrom,
  text,
  url,
} from "./settings.ts";

/** What `runService` itself needs; every service's settings contain them. */
export const processSettings = {
  environment: oneOf("CHASQUI_ENVIRONMENT", environments, { default: "local" }),
  healthPort: port("CHASQUI_HEALTH_PORT", { default: 0 }),
  stopDeadlineMs: durationMs("CHASQUI_STOP_DEADLINE_MS", {
    default: 10_000,
    min: 0,
    max: 600_000,
  }),
} as const;

/** The bus; the user is the service's name. */
export const busSettings = {
  natsUrl: url("CHASQUI_NATS_URL", { schemes: ["nats", "tls", "ws", "wss"] }),
  natsUser: text("CHASQUI_NATS_USER"),
  natsPassword: secret("CHASQUI_NATS_PASSWORD"),
} as const;

/** A store of one's own: the service's role, its schema. */
export const databaseSettings = {
  databaseUrl: url("CHASQUI_DATABASE_URL", { schemes: ["postgres", "postgresql"] }),
  databaseConnectionsMax: integer("CHASQUI_DATABASE_CONNECTIONS_MAX", {
    default: 4,
    min: 2, // who holds a lock asks by another
    max: 200,
    unit: "connections",
  }),
} as const;

export const grpcSettings = { grpcPort: port("CHASQUI_GRPC_PORT", { default: 0 }) } as const;

export const environmentFileSetting = {
  environmentFile: text("CHASQUI_ENVIRONMENT_FILE", {
    want: "the path of environments/<env>.yaml",
  }),
} as const;

export const consoleUrlSetting = {
  consoleUrl: optional(url("CHASQUI_CONSOLE_URL", { schemes: ["http", "https"] })),
} as const;

/** Where this process listens: loopback, unless a container says otherwise. */
export function listenHosts(env: NodeJS.ProcessEnv): { healthHost: string; grpcHost: string } {
  return settingsFrom(env, {
    healthHost: text("CHASQUI_HEALTH_HOST", { default: "127.0.0.1" }),
    grpcHost: text("CHASQUI_GRPC_HOST", { default: "127.0.0.1" }),
  });
}
