// What sensor-runner is told by its environment; README.md has the table.
import {
  address,
  busSettings,
  databaseSettings,
  durationMs,
  environmentFileSetting,
  integer,
  processSettings,
  settingsFrom,
  text,
} from "@chasqui/chassis";

const DAY_MS = 86_400_000;

export const settingsOf = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...processSettings,
    ...busSettings,
    ...databaseSettings,
    ...environmentFileSetting,
    stateMachine: address("CHASQUI_STATE_MACHINE"),
    submits: integer("CHASQUI_SENSOR_SUBMITS", { default: 16, min: 1, max: 128, unit: "waits" }),
    restMs: durationMs("CHASQUI_SENSOR_REST", { default: 500, min: 10, max: 60_000 }),
    longestMs: durationMs("CHASQUI_SENSOR_LONGEST", {
      default: 7 * DAY_MS,
      min: 1_000,
      max: 365 * DAY_MS,
    }),
    privateAddresses: text("CHASQUI_SENSOR_PRIVATE_ADDRESSES", {
      default: "",
      want: "networks that sensors may ask although they are private, like 10.1.0.0/16,127.0.0.1",
    }),
  });

export type Settings = ReturnType<typeof settingsOf>;
