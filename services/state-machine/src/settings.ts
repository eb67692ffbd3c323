// The state machine's settings. Names carry units; bounds are checked at the start.
import {
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

export const settingsOf = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...processSettings,
    ...busSettings,
    ...databaseSettings,
    ...grpcSettings,
    ...environmentFileSetting,
    policies: text("CHASQUI_POLICIES", { default: "", want: "a folder of policies" }),
    cachedTasksMax: integer("CHASQUI_CACHED_TASKS_MAX", {
      default: 200_000,
      min: 1_000,
      max: 10_000_000,
      unit: "tasks",
    }),
    batchMax: integer("CHASQUI_BATCH_MAX", {
      default: 1_000,
      min: 1,
      max: 10_000,
      unit: "messages",
    }),
    unheardMs: durationMs("CHASQUI_UNHEARD_MS", { default: 10_000, min: 200, max: 600_000 }),
    tracedRunsPerSecond: integer("CHASQUI_TRACED_RUNS_PER_SECOND", {
      default: 20,
      min: 0,
      max: 100_000,
      unit: "runs per second",
    }),
  });

export type Settings = ReturnType<typeof settingsOf>;
