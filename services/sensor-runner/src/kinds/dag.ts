// sensor.dag: waits for a run of another DAG, or for a task of it.
import { ConfigError, kindConfig, list, oneOf, optional, text, withDefault } from "@chasqui/runner";
import { badEnds, onlyEndsMatter, runWords, taskWords, whatOf } from "../core/kinds/dag.ts";
import type { DagConfig, StateWord, Which } from "../core/kinds/dag.ts";
import { dayIn, instantIn, isDate } from "../core/zone.ts";
import { exactlyOne, polled, polling, zone } from "./common.ts";
import type { Looker, SensorKind, WaitSpecOf } from "./kind.ts";

/** An end is heard at once; looks in between are for those that nobody heard. */
const DEFAULT_INTERVAL_MS = 60_000;
const ID = /^[A-Za-z0-9_-]{1,128}$/;

const words = [...new Set<StateWord>([...runWords, ...taskWords])];
const states = optional(list(oneOf(words), { max: words.length }));

const fields = kindConfig({
  dag: text({ pattern: ID, want: "a DAG's id" }),
  task: optional(text({ pattern: ID, want: "a task's id" })),
  date: optional(text({ lengthMax: 10 })),
  key: optional(text({ lengthMax: 256 })),
  logical_time: optional(text({ lengthMax: 40 })),
  timezone: withDefault(zone, "UTC"),
  allowed_states: states,
  failed_states: states,
  skipped_states: states,
  ...polling,
});

export const dagSensor = (open: () => Promise<Looker<DagConfig>>): SensorKind<DagConfig> => ({
  kind: "sensor.dag",
  description: "Waits for a run of another DAG, or for a task of it.",
  parse: parseDag,
  what: whatOf,
  topic: (config) => (onlyEndsMatter(config) ? config.dag : `${config.dag}/*`),
  open,
});

export function parseDag(value: unknown): WaitSpecOf<DagConfig> {
  const read = fields.parseConfig(value);
  exactlyOne(read, ["date", "key", "logical_time"]);
  const { dag, task, allowed_states: allowed = ["succeeded"], skipped_states: skipped = [] } = read;
  const of = task === undefined ? "run" : "task";
  const failed = read.failed_states ?? badEnds(of, { allowed, skipped });
  const known: readonly StateWord[] = of === "run" ? runWords : taskWords;
  const strange = [...allowed, ...failed, ...skipped].find((word) => !known.includes(word));
  if (strange !== undefined)
    throw new ConfigError([`a ${of} is never ${strange}: want one of ${known.join(", ")}`]);
  return {
    ...polled(read, { defaultMs: DEFAULT_INTERVAL_MS }),
    of: { dag, task, which: whichOf(read), allowed, failed, skipped },
  };
}

function whichOf(read: {
  readonly date: string | undefined;
  readonly key: string | undefined;
  readonly logical_time: string | undefined;
  readonly timezone: string;
}): Which {
  const { date, key, logical_time: time, timezone } = read;
  if (key !== undefined) return { by: "key", key };
  if (date !== undefined) {
    if (!isDate(date))
      throw new ConfigError([
        `\`date\` is ${JSON.stringify(date)}: want one like 2026-10-06, usually \${run.date}`,
      ]);
    const [fromMs, untilMs] = dayIn(date, timezone);
    return { by: "time", fromMs, untilMs, text: `${date} (${timezone})` };
  }
  const atMs = instantIn(time ?? "", timezone);
  if (atMs === undefined)
    throw new ConfigError([
      `\`logical_time\` is ${JSON.stringify(time)}: want an instant like 2026-10-06T18:00:00Z`,
    ]);
  return { by: "time", fromMs: atMs, untilMs: atMs + 1, text: new Date(atMs).toISOString() };
}
