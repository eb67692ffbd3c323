// What tasks get that do not say otherwise: from their groups, from the inside, then from the DAG.
import type { JsonValue } from "@bufbuild/protobuf";
import { limits } from "../limits.ts";
import type { Path } from "../yaml/source.ts";
import { readDuration, readMap, readNumber, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { readRetries } from "./retries.ts";
import type { Retries } from "./retries.ts";
import { defaultsFields, poolFields } from "./words.ts";

export interface Shared {
  readonly retries: Retries;
  readonly timeoutMs: number | undefined;
  readonly totalTimeoutMs: number | undefined;
  readonly startTimeoutMs: number | undefined;
  readonly pool: Pool | undefined;
  readonly priority: number | undefined;
}

export interface Pool {
  readonly name: string;
  readonly slots: number;
}

/** The fields that a task, the defaults of a group and those of the DAG have in common; `name` is for messages. */
export function readShared(
  reader: Reader,
  path: Path,
  name: string,
  fields: Readonly<Record<string, JsonValue | undefined>>,
): Shared {
  const duration = (field: "timeout" | "total_timeout" | "start_timeout"): number | undefined =>
    readDuration(reader, [...path, field], fields[field], `${name}${field}`);
  const { priorityMax: most } = limits;
  const between = { min: -most, max: most, integer: true };
  return {
    retries: readRetries(reader, [...path, "retries"], fields["retries"], `${name}retries`),
    timeoutMs: duration("timeout"),
    totalTimeoutMs: duration("total_timeout"),
    startTimeoutMs: duration("start_timeout"),
    pool: readPool(reader, [...path, "pool"], fields["pool"], `${name}pool`),
    priority: readNumber(
      reader,
      [...path, "priority"],
      fields["priority"],
      `${name}priority`,
      between,
    ),
  };
}

export function readDefaults(
  reader: Reader,
  path: Path,
  name: string,
  value: JsonValue | undefined,
): Shared {
  const fields =
    value === undefined ? {} : (readMap(reader, path, value, name, defaultsFields) ?? {});
  return readShared(reader, path, `${name} `, fields);
}

export const POOL_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

function readPool(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  name: string,
): Pool | undefined {
  if (value === undefined) return undefined;
  const rule = {
    pattern: POOL_NAME,
    want: "a pool's name: lower-case letters, digits, - or _",
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const pool = readText(reader, path, value, name, rule);
    return pool === undefined ? undefined : { name: pool, slots: 1 };
  }
  const fields = readMap(reader, path, value, name, poolFields) ?? {};
  if (fields["name"] === undefined) reader.note(path, `${name} has no \`name\``);
  const pool = readText(reader, [...path, "name"], fields["name"], `${name} name`, rule);
  const slots = readNumber(reader, [...path, "slots"], fields["slots"], `${name} slots`, {
    min: 1,
    max: limits.poolSlotsMax,
    integer: true,
  });
  return pool === undefined ? undefined : { name: pool, slots: slots ?? 1 };
}

/** The first layer that says something about a field wins. */
export function firstOf<K extends Exclude<keyof Shared, "retries">>(
  layers: readonly Shared[],
  field: K,
): Shared[K] | undefined {
  return layers.find((layer) => layer[field] !== undefined)?.[field];
}
