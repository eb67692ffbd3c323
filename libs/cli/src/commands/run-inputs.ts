// What a person gives a run on the command line: its instant and its parameters.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import { instantsOfWall, parseWall } from "@chasqui/dag";
import { usageError } from "../errors.ts";

interface ParamOptions {
  readonly param?: readonly string[];
  readonly params?: string;
}

/** An instant; a date, or a local time without an offset, is one of the DAG's own zone, as its schedule's are. */
export function parseInstant(text: string, spec: DagSpec | undefined, option = "--at"): number {
  const wallMs = parseWall(text);
  const zone = spec?.schedule?.timezone ?? "";
  const ms =
    wallMs === undefined
      ? parseWithOffset(text)
      : instantsOfWall(zone === "" ? "UTC" : zone, wallMs, { gap: "shift", fold: "first" })[0];
  if (ms === undefined || Number.isNaN(ms))
    throw usageError(
      `${option} ${JSON.stringify(text)}: want an instant such as 2026-10-06T19:00:00-05:00, or 2026-10-06T19:00 or a date in the DAG's zone`,
    );
  return ms;
}

function parseWithOffset(text: string): number {
  const [, date] = /^(\d{4}-\d{2}-\d{2})T[\d:.]{5,18}(Z|[+-]\d{2}:\d{2})$/i.exec(text) ?? [];
  return date !== undefined && parseWall(date) !== undefined ? Date.parse(text) : NaN;
}

/** `--params '{…}'` first, then each `--param k=v`: text where the DAG's schema wants text, else JSON when it is. */
export function readParams(
  { param = [], params }: ParamOptions,
  spec: DagSpec | undefined,
): JsonObject {
  const given: JsonObject = params === undefined ? {} : parseObject(params);
  for (const pair of param) {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined)
      throw usageError(`--param ${JSON.stringify(pair)}: want name=value`);
    given[name] = readTyped(spec?.params, name, value);
  }
  return given;
}

function parseObject(text: string): JsonObject {
  try {
    const value: JsonValue = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  throw usageError(
    `--params ${JSON.stringify(text)}: want a JSON object such as '{"day":"2026-10-06"}'`,
  );
}

/** Text where the schema's property wants text, else JSON when it is. */
export const readTyped = (schema: JsonObject | undefined, name: string, text: string): JsonValue =>
  wantsText(schema, name) ? text : jsonOrText(text);

function wantsText(schema: JsonObject | undefined, name: string): boolean {
  const properties = schema?.["properties"];
  if (typeof properties !== "object" || properties === null || Array.isArray(properties))
    return false;
  const property = properties[name];
  return (
    typeof property === "object" &&
    property !== null &&
    !Array.isArray(property) &&
    property["type"] === "string"
  );
}

function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
