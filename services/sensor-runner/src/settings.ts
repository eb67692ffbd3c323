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
} from "@chasqui/chassis";
import type { Setting } from "@chasqui/chassis";
import { isNetwork } from "./ports/addresses.ts";

const DAY_MS = 86_400_000;

export const settingsOf = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...processSettings,
    ...busSettings,
    ...databaseSettings,
    ...environmentFileSetting,
    stateMachine: address("CHASQUI_STATE_MACHINE"),
    /** Assignments in hand, for each kind; above 128 they come in batches. */
    submits: integer("CHASQUI_SENSOR_SUBMITS", {
      default: 256,
      min: 1,
      max: 1_000,
      unit: "assignments",
    }),
    restMs: durationMs("CHASQUI_SENSOR_REST", { default: 500, min: 10, max: 60_000 }),
    longestMs: durationMs("CHASQUI_SENSOR_LONGEST", {
      default: 7 * DAY_MS,
      min: 1_000,
      max: 365 * DAY_MS,
    }),
    privateAddresses: networks("CHASQUI_SENSOR_PRIVATE_ADDRESSES"),
  });

/** What sensors may ask although it is private; empty by default. */
function networks(variable: string): Setting<readonly string[]> {
  return {
    variable,
    secret: false,
    want: "networks or addresses such as 10.1.0.0/16,127.0.0.1",
    parse(text) {
      const all = text.split(",").map((one) => one.trim());
      return all.every(isNetwork) ? all : undefined;
    },
    otherwise: { value: [] },
  };
}

export type Settings = ReturnType<typeof settingsOf>;
