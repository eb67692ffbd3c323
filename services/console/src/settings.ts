// What the console is told by its environment; the table in README.md lists the same.
import {
  address,
  busSettings,
  consoleUrlSetting,
  environmentFileSetting,
  grpcSettings,
  optional,
  port,
  processSettings,
  settingsFrom,
  text,
  url,
} from "@chasqui/chassis";

const web = { schemes: ["http", "https"] } as const;

const spec = {
  ...processSettings,
  ...busSettings,
  ...grpcSettings,
  ...environmentFileSetting,
  ...consoleUrlSetting,
  stateMachine: address("CHASQUI_STATE_MACHINE"),
  scheduler: address("CHASQUI_SCHEDULER"),
  reportMailer: address("CHASQUI_REPORT_MAILER"),
  alertNotifier: address("CHASQUI_ALERT_NOTIFIER"),
  httpHost: text("CHASQUI_HTTP_HOST", { default: "127.0.0.1" }),
  httpPort: port("CHASQUI_HTTP_PORT", { default: 0 }),
  publicGrpc: optional(address("CHASQUI_CONSOLE_GRPC")),
  traceQueryUrl: optional(url("CHASQUI_TRACE_QUERY_URL", web)),
  traceLink: text("CHASQUI_TRACE_LINK", {
    default: "",
    pattern: /^https?:\/\/.*\{trace\}/,
    want: "an address with {trace} where the trace's id goes",
  }),
  mailUrl: optional(url("CHASQUI_MAIL_VIEWER_URL", web)),
  slackUrl: optional(url("CHASQUI_SLACK_VIEWER_URL", web)),
  webRoot: text("CHASQUI_WEB_ROOT", { default: "" }),
} as const;

export type Settings = ReturnType<typeof readSettings>;
export const readSettings = (env: NodeJS.ProcessEnv) => settingsFrom(env, spec);
