// What k8s-runner is told by its environment; README.md has the table.
import { hostname } from "node:os";
import { durationMs, environmentFileSetting, integer, settingsFrom, text } from "@chasqui/chassis";
import { runnerSettings } from "@chasqui/runner";

const DAY_MS = 86_400_000;

export const settingsOf = (env: NodeJS.ProcessEnv) =>
  settingsFrom(env, {
    ...runnerSettings,
    ...environmentFileSetting,
    /** This replica's name on the pods whose logs it reads; the same after a restart. */
    instance: text("CHASQUI_INSTANCE", { default: hostname(), pattern: /^\S{1,253}$/ }),
    startTimeoutMs: durationMs("CHASQUI_POD_START_TIMEOUT", {
      default: 600_000,
      min: 1_000,
      max: DAY_MS,
    }),
    graceMs: durationMs("CHASQUI_POD_GRACE", { default: 30_000, min: 0, max: 3_600_000 }),
    submits: integer("CHASQUI_POD_SUBMITS", { default: 16, min: 1, max: 128, unit: "pods" }),
    /** `{namespace}` and `{pod}` are replaced. */
    podLink: text("CHASQUI_POD_LINK", { default: "" }),
  });

export type Settings = ReturnType<typeof settingsOf>;
