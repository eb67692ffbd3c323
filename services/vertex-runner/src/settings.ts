// What vertex-runner is told by its environment; README.md has the table.
import { durationMs, environmentFileSetting, integer, settingsFrom } from "@chasqui/chassis";
import { runnerSettings } from "@chasqui/runner";

export const settingsOf = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...runnerSettings,
    ...environmentFileSetting,
    submits: integer("CHASQUI_VERTEX_SUBMITS", { default: 8, min: 1, max: 128, unit: "jobs" }),
    pollMs: durationMs("CHASQUI_VERTEX_POLL", { default: 2_000, min: 50, max: 600_000 }),
    pollMsMax: durationMs("CHASQUI_VERTEX_POLL_MAX", { default: 30_000, min: 50, max: 3_600_000 }),
    unseenMs: durationMs("CHASQUI_VERTEX_UNSEEN", { default: 5_000, min: 0, max: 600_000 }),
  });

export type Settings = ReturnType<typeof settingsOf>;
