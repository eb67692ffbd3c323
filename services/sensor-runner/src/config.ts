// `with` of sensor.http: what libs/contracts announces as its schema, read into the core's SensorConfig.
import {
  ConfigError,
  duration,
  flag,
  integer,
  kindConfig,
  list,
  map,
  object,
  oneOf,
  optional,
  scalarText,
  text,
  withDefault,
} from "@chasqui/runner";
import type { SensorConfig } from "./core/wait.ts";

const DAY_MS = 86_400_000;
const DEFAULT_INTERVAL_MS = 30_000;

const config = kindConfig({
  url: text({ lengthMax: 8_192 }),
  method: withDefault(oneOf(["GET", "HEAD", "POST"]), "GET"),
  headers: withDefault(
    map(scalarText({ lengthMax: 8_192 }), { key: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, max: 50 }),
    {},
  ),
  expect: optional(
    object({
      status: optional(list(integer({ min: 100, max: 599 }), { max: 100 })),
      body: optional(text({ lengthMax: 8_192 })),
    }),
  ),
  interval: optional(duration({ minMs: 100, maxMs: DAY_MS })),
  timeout: optional(duration({ minMs: 100, maxMs: 365 * DAY_MS })),
  soft_fail: withDefault(flag(), false),
  connection: optional(text({ lengthMax: 63 })),
});

/** Throws ConfigError. */
export function parseSensorConfig(value: unknown): SensorConfig {
  const read = config.parseConfig(value);
  checkAddress(read.url, read.connection);
  for (const [name, text] of Object.entries(read.headers))
    if (/[\r\n\0]/.test(text))
      throw new ConfigError([`\`headers.${name}\`: want one line without control characters`]);
  return {
    url: read.url,
    method: read.method,
    headers: read.headers,
    expectStatus: read.expect?.status ?? [],
    expectBody: read.expect?.body,
    intervalMs: read.interval ?? DEFAULT_INTERVAL_MS,
    timeoutMs: read.timeout,
    softFail: read.soft_fail,
    connection: read.connection,
  };
}

/** Absolute, or a path below the base address of a connection; never with a password in it. */
function checkAddress(url: string, connection: string | undefined): void {
  if (connection !== undefined && url.startsWith("/") && !url.startsWith("//")) return;
  const shown = JSON.stringify(url.replace(/(?<=:\/\/)[^/@\s]*@/, "…@"));
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new ConfigError([`\`url\` is ${shown}: want an address like https://host/path`]);
  const { username, password } = new URL(url);
  if (username !== "" || password !== "")
    throw new ConfigError([
      `\`url\` is ${shown}: want no user and password in it; use a connection`,
    ]);
}

/** The names that are read, for the test that compares them with the announced schema. */
export const sensorConfigFields: readonly string[] = Object.keys(config.schema["properties"] ?? {});
