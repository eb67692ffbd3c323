// What vertex-runner is told by its environment; README.md has the table.
import {
  address,
  busSettings,
  durationMs,
  environmentFileSetting,
  integer,
  processSettings,
  settingsFrom,
} from "@chasqui/chassis";

export const settingsOf = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...processSettings,
    ...busSettings,
    ...environmentFileSetting,
    stateMachine: address("CHASQUI_STATE_MACHINE"),
    submits: integer("CHASQUI_VERTEX_SUBMITS", { default: 8, min: 1, max: 128, unit: "jobs" }),
    pollMs: durationMs("CHASQUI_VERTEX_POLL", { default: 2_000, min: 50, max: 600_000 }),
    pollMsMax: durationMs("CHASQUI_VERTEX_POLL_MAX", { default: 30_000, min: 50, max: 3_600_000 }),
    unseenMs: durationMs("CHASQUI_VERTEX_UNSEEN", { default: 5_000, min: 0, max: 600_000 }),
  });

export type Settings = ReturnType<typeof settingsOf>;
