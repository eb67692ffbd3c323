// What the scheduler is told by its environment; the table in README.md lists the same.
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
} from "@chasqui/chassis";

const DAY_MS = 86_400_000;

const spec = {
  ...processSettings,
  ...busSettings,
  ...databaseSettings,
  ...grpcSettings,
  ...environmentFileSetting,
  stateMachine: address("CHASQUI_STATE_MACHINE"),
  tickGraceMs: durationMs("CHASQUI_TICK_GRACE_MS", { default: 10_000, min: 1_000, max: 3_600_000 }),
  resayMs: durationMs("CHASQUI_START_RESAY_MS", { default: 10_000, min: 100, max: 600_000 }),
  refreshMs: durationMs("CHASQUI_DAG_REFRESH_MS", { default: 3_600_000, min: 1_000, max: DAY_MS }),
  triggersAtOnce: integer("CHASQUI_TRIGGERS_AT_ONCE", {
    default: 64,
    min: 1,
    max: 1_000,
    unit: "messages",
  }),
  tracedRunsPerSecond: integer("CHASQUI_TRACED_RUNS_PER_SECOND", {
    default: 20,
    min: 0,
    max: 1_000_000,
    unit: "runs",
  }),
  ledgerKeepMs: durationMs("CHASQUI_LEDGER_KEEP_MS", {
    default: 400 * DAY_MS,
    min: 30 * DAY_MS, // triggers may come again for as long as the stream keeps them
    max: 10_000 * DAY_MS,
  }),
} as const;

export type Settings = ReturnType<typeof readSettings>;
export const readSettings = (env: NodeJS.ProcessEnv) => settingsFrom(env, spec);
