// sensor.time: waits for a moment. It reaches nothing outside, and is looked at when the moment is there.
import { ConfigError, duration, kindConfig, optional, text, withDefault } from "@chasqui/runner";
import { judgeTime, momentOf, settleTime } from "../core/kinds/time.ts";
import type { TimeConfig } from "../core/kinds/time.ts";
import { instantIn } from "../core/zone.ts";
import { exactlyOne, patience, patient, zone } from "./common.ts";
import type { SensorKind, WaitSpecOf } from "./kind.ts";

const YEAR_MS = 365 * 86_400_000;
/** Of no use to a wait that is told when to look. */
const pace = { intervalMs: 60_000, factor: 1, intervalMsMax: 60_000 };

const fields = kindConfig({
  until: optional(text({ lengthMax: 40 })),
  delay: optional(duration({ minMs: 0, maxMs: YEAR_MS })),
  timezone: withDefault(zone, "UTC"),
  ...patience,
});

export const timeSensor: SensorKind<TimeConfig> = {
  kind: "sensor.time",
  description: "Waits for a moment.",
  parse: parseTime,
  settle: (config, { logicalMs }) => settleTime(config, logicalMs),
  what: momentOf,
  open: async () => ({
    look: async (config, at) => judgeTime(config, at),
    close: async () => {},
  }),
};

export function parseTime(value: unknown): WaitSpecOf<TimeConfig> {
  const read = fields.parseConfig(value);
  exactlyOne(read, ["until", "delay"]);
  const { until, delay: delayMs, timezone } = read;
  const untilMs = until === undefined ? undefined : instantIn(until, timezone);
  if (until !== undefined && untilMs === undefined)
    throw new ConfigError([
      `\`until\` is ${JSON.stringify(until)}: want 2026-10-06T18:00 (in \`timezone\`), 2026-10-06, or an instant like 2026-10-06T18:00:00Z`,
    ]);
  return { pace, ...patient(read), of: { untilMs, delayMs, timezone } };
}
