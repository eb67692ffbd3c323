// sensor.event: waits for a message of another service, as triggers are: published on chasqui.trigger.<source>.<name>.
import { ConfigError, kindConfig, optional, text, withDefault } from "@chasqui/runner";
import { settleEvent } from "../core/kinds/event.ts";
import type { EventConfig } from "../core/kinds/event.ts";
import { instantIn } from "../core/zone.ts";
import { condition, polled, polling, zone } from "./common.ts";
import type { Looker, SensorKind, WaitSpecOf } from "./kind.ts";

/** A message is heard at once; looks in between are for those that nobody heard. */
const DEFAULT_INTERVAL_MS = 60_000;
const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/;

const fields = kindConfig({
  subject: text({
    pattern: SUBJECT,
    lengthMax: 200,
    want: "a source and a name such as logistics.routes.closed, without chasqui.trigger.",
  }),
  when: optional(condition),
  since: optional(text({ lengthMax: 40 })),
  timezone: withDefault(zone, "UTC"),
  ...polling,
});

export const eventSensor = (open: () => Promise<Looker<EventConfig>>): SensorKind<EventConfig> => ({
  kind: "sensor.event",
  description: "Waits for a message of another service.",
  parse: parseEvent,
  settle: (config, { logicalMs }) => settleEvent(config, logicalMs),
  what: ({ subject, when }) =>
    `a message on ${subject}${when === undefined ? "" : ` with ${when}`}`,
  topic: ({ subject }) => subject,
  open,
});

export function parseEvent(value: unknown): WaitSpecOf<EventConfig> {
  const read = fields.parseConfig(value);
  const { subject, when, since, timezone } = read;
  const sinceMs = since === undefined ? undefined : instantIn(since, timezone);
  if (since !== undefined && sinceMs === undefined)
    throw new ConfigError([
      `\`since\` is ${JSON.stringify(since)}: want 2026-10-06, 2026-10-06T18:00 (in \`timezone\`), or an instant like 2026-10-06T18:00:00Z`,
    ]);
  return { ...polled(read, { defaultMs: DEFAULT_INTERVAL_MS }), of: { subject, when, sinceMs } };
}
