// sensor.sql: waits until a query finds what is expected.
import {
  ConfigError,
  bindParameters,
  connectionName,
  kindConfig,
  map,
  optional,
  scalarText,
  text,
  withDefault,
} from "@chasqui/runner";
import type { SqlConfig } from "../core/kinds/sql.ts";
import { condition, polled, polling } from "./common.ts";
import type { Looker, SensorKind, WaitSpecOf } from "./kind.ts";

const DEFAULT_INTERVAL_MS = 60_000;

const fields = kindConfig({
  connection: connectionName(["postgres"]),
  query: text({ lengthMax: 20_000 }),
  params: withDefault(
    map(scalarText({ lengthMax: 4_096 }), { key: /^[A-Za-z_]\w{0,62}$/, max: 50 }),
    {},
  ),
  expect: optional(condition),
  fail_when: optional(condition),
  ...polling,
});

export const sqlSensor = (open: () => Promise<Looker<SqlConfig>>): SensorKind<SqlConfig> => ({
  kind: "sensor.sql",
  description: "Waits until a query finds what is expected.",
  parse: parseSql,
  what: ({ connection, query }) => `connection ${connection} to have ${beginningOf(query)}`,
  open,
});

export function parseSql(value: unknown): WaitSpecOf<SqlConfig> {
  const read = fields.parseConfig(value);
  const { connection, query, params, expect, fail_when: failWhen } = read;
  const binding = bindParameters(query, params);
  if (binding.kind === "problem") {
    const { line, column } = binding.place;
    throw new ConfigError([`\`query\`:${line}:${column}: ${binding.message}`]);
  }
  return {
    ...polled(read, { defaultMs: DEFAULT_INTERVAL_MS }),
    of: { connection, query, params, expect, failWhen },
  };
}

/** One line of it, for people. */
function beginningOf(query: string): string {
  const line = query.replace(/\s+/g, " ").trim();
  return JSON.stringify(line.length > 100 ? `${line.slice(0, 99)}…` : line);
}
