// sensor.object: waits for an object in a bucket, or for some below a prefix. S3 and whatever speaks it; Google Cloud
// Storage.
import {
  ConfigError,
  connectionName,
  integer,
  kindConfig,
  optional,
  text,
  withDefault,
} from "@chasqui/runner";
import { OBJECTS_MAX } from "../core/kinds/object.ts";
import type { ObjectConfig } from "../core/kinds/object.ts";
import { instantIn } from "../core/zone.ts";
import { exactlyOne, polled, polling, zone } from "./common.ts";
import type { Looker, SensorKind, WaitSpecOf } from "./kind.ts";

const DEFAULT_INTERVAL_MS = 60_000;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

const fields = kindConfig({
  connection: connectionName(["s3", "gcs"]),
  bucket: text({ pattern: BUCKET, want: "a bucket's name, without s3:// or gs://" }),
  key: optional(text({ lengthMax: 1_024 })),
  prefix: optional(text({ lengthMax: 1_024 })),
  newer_than: optional(text({ lengthMax: 40 })),
  timezone: withDefault(zone, "UTC"),
  min_bytes: withDefault(integer({ min: 0, max: 2 ** 43 }), 0),
  min_count: withDefault(integer({ min: 1, max: OBJECTS_MAX }), 1),
  ...polling,
});

export const objectSensor = (
  open: () => Promise<Looker<ObjectConfig>>,
): SensorKind<ObjectConfig> => ({
  kind: "sensor.object",
  description: "Waits for objects in a bucket.",
  parse: parseObject,
  what: whatOf,
  open,
});

export function parseObject(value: unknown): WaitSpecOf<ObjectConfig> {
  const read = fields.parseConfig(value);
  exactlyOne(read, ["key", "prefix"]);
  const { connection, bucket, key, prefix, newer_than: newerThan, timezone } = read;
  for (const [name, path] of [
    ["key", key],
    ["prefix", prefix],
  ])
    if (path !== undefined && (path.startsWith("/") || !path.isWellFormed()))
      throw new ConfigError([
        `\`${name}\` is ${JSON.stringify(path)}: want one like daily/2026-10-06/routes.csv`,
      ]);
  const newerThanMs = newerThan === undefined ? undefined : instantIn(newerThan, timezone);
  if (newerThan !== undefined && newerThanMs === undefined)
    throw new ConfigError([
      `\`newer_than\` is ${JSON.stringify(newerThan)}: want 2026-10-06, 2026-10-06T18:00 (in \`timezone\`), or an instant like 2026-10-06T18:00:00Z`,
    ]);
  return {
    ...polled(read, { defaultMs: DEFAULT_INTERVAL_MS }),
    of: {
      connection,
      bucket,
      key,
      prefix,
      newerThanMs,
      minBytes: read.min_bytes,
      minCount: read.min_count,
    },
  };
}

function whatOf({ bucket, key, prefix, minCount }: ObjectConfig): string {
  if (key !== undefined) return `object ${key} in bucket ${bucket}`;
  return `${minCount === 1 ? "an object" : `${minCount} objects`} below ${prefix} in bucket ${bucket}`;
}
