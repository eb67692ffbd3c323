// The report-mailer's settings. Names carry units; bounds are checked at the start.
import {
  address,
  busSettings,
  databaseSettings,
  durationMs,
  environmentFileSetting,
  grpcSettings,
  integer,
  processSettings,
  settingsFrom,
  text,
} from "@chasqui/chassis";

export const readSettings = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...processSettings,
    ...busSettings,
    ...databaseSettings,
    ...grpcSettings,
    ...environmentFileSetting,
    stateMachine: address("CHASQUI_STATE_MACHINE"),
    reportsMax: integer("CHASQUI_REPORTS_MAX", { default: 4, min: 1, max: 100, unit: "reports" }),
    sendsMax: integer("CHASQUI_SENDS_MAX", { default: 4, min: 1, max: 50, unit: "mails" }),
    mailsPerSecondMax: integer("CHASQUI_MAILS_PER_SECOND_MAX", {
      default: 50,
      min: 1,
      max: 1_000,
      unit: "mails",
    }),
    sendLeaseMs: durationMs("CHASQUI_SEND_LEASE", { default: 30_000, min: 5_000, max: 600_000 }),
    statementMsMax: durationMs("CHASQUI_STATEMENT_TIMEOUT", {
      default: 60_000,
      min: 100,
      max: 3_600_000,
    }),
    recipientsMax: integer("CHASQUI_RECIPIENTS_MAX", {
      default: 10_000,
      min: 1,
      max: 100_000,
      unit: "recipients",
    }),
    rowsMax: integer("CHASQUI_REPORT_ROWS_MAX", {
      default: 200_000,
      min: 1,
      max: 5_000_000,
      unit: "rows",
    }),
    localeDefault: text("CHASQUI_REPORT_LOCALE", {
      default: "en",
      pattern: /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/,
      want: "a locale like es-CO",
    }),
    templates: text("CHASQUI_TEMPLATES", { default: "", want: "a folder of report templates" }),
  });

export type Settings = ReturnType<typeof readSettings>;
