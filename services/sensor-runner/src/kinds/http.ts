// sensor.http: waits until an HTTP endpoint answers as expected.
import {
  ConfigError,
  connectionName,
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
import type { HttpConfig } from "../core/kinds/http.ts";
import { condition, polled, polling } from "./common.ts";
import type { Looker, SensorKind, WaitSpecOf } from "./kind.ts";

const DEFAULT_INTERVAL_MS = 30_000;

const fields = kindConfig({
  url: text({ lengthMax: 8_192 }),
  method: withDefault(oneOf(["GET", "HEAD", "POST"]), "GET"),
  headers: withDefault(
    map(scalarText({ lengthMax: 8_192 }), { key: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, max: 50 }),
    {},
  ),
  expect: optional(
    object({
      status: optional(list(integer({ min: 100, max: 599 }), { max: 100 })),
      body: optional(condition),
    }),
  ),
  fail_when: optional(condition),
  connection: optional(connectionName(["http"])),
  ...polling,
});

export const httpSensor = (open: () => Promise<Looker<HttpConfig>>): SensorKind<HttpConfig> => ({
  kind: "sensor.http",
  description: "Waits until an HTTP endpoint answers as expected.",
  parse: parseHttp,
  what: ({ url }) => `${url} to answer as expected`,
  open,
});

export function parseHttp(value: unknown): WaitSpecOf<HttpConfig> {
  const read = fields.parseConfig(value);
  checkAddress(read.url, read.connection);
  for (const [name, text] of Object.entries(read.headers))
    if (/[\r\n\0]/.test(text))
      throw new ConfigError([`\`headers.${name}\`: want one line without control characters`]);
  return {
    ...polled(read, { defaultMs: DEFAULT_INTERVAL_MS }),
    of: {
      url: read.url,
      method: read.method,
      headers: read.headers,
      expectStatus: read.expect?.status ?? [],
      expectBody: read.expect?.body,
      failWhen: read.fail_when,
      connection: read.connection,
    },
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
