// The alert-notifier's settings. Names carry units; bounds are checked at the start.
import {
  address,
  busSettings,
  consoleUrlSetting,
  databaseSettings,
  durationMs,
  environmentFileSetting,
  grpcSettings,
  optional,
  processSettings,
  settingsFrom,
  text,
  url,
} from "@chasqui/chassis";

export const readSettings = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...processSettings,
    ...busSettings,
    ...databaseSettings,
    ...grpcSettings,
    ...environmentFileSetting,
    ...consoleUrlSetting,
    stateMachine: address("CHASQUI_STATE_MACHINE"),
    slackConnection: text("CHASQUI_SLACK_CONNECTION", { default: "slack" }),
    traceUrl: optional(url("CHASQUI_TRACE_QUERY_URL", { schemes: ["http", "https"] })),
    slackTimeoutMs: durationMs("CHASQUI_SLACK_TIMEOUT", { default: 10_000, min: 500, max: 60_000 }),
    reconcileMs: durationMs("CHASQUI_RECONCILE_INTERVAL", {
      default: 3_600_000,
      min: 1_000,
      max: 86_400_000,
    }),
    reconcileWindowMs: durationMs("CHASQUI_RECONCILE_WINDOW", {
      default: 86_400_000,
      min: 0,
      max: 30 * 86_400_000,
    }),
  });

export type Settings = ReturnType<typeof readSettings>;
