// JSON values as CEL values, and back.
// Invariants:
//   V1. JSON → CEL → JSON gives the same JSON, for every JSON value.
//   V2. Integral JSON numbers that a double holds exactly are CEL ints, all others doubles.
//   V3. Nothing that is not JSON (NaN, infinity, ints that a JSON number cannot hold) ever comes back.
import type { JsonValue } from "@bufbuild/protobuf";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import { toJson } from "@bufbuild/protobuf";
import { celType, isCelList, isCelMap, isCelType, isCelUint } from "@bufbuild/cel";
import type { CelInput, CelValue } from "@bufbuild/cel";
import { bad, good } from "./result.ts";
import type { Result } from "./result.ts";

/** Maps, not objects: a key such as "constructor" or "__proto__" is a key like any other. */
export function jsonToCel(value: JsonValue): CelInput {
  if (typeof value === "number")
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(jsonToCel);
  const map = new Map<string, CelInput>();
  for (const [key, item] of Object.entries(value)) map.set(key, jsonToCel(item));
  return map;
}

/** A CEL value as JSON; times and durations become their usual text. */
export function celToJson(value: CelValue): Result<JsonValue> {
  switch (typeof value) {
    case "string":
    case "boolean":
      return good(value);
    case "bigint":
      return intToJson(value);
    case "number":
      return Number.isFinite(value) ? good(value) : bad(`${value} is not a JSON number`);
    default:
      return objectToJson(value);
  }
}

function intToJson(value: bigint): Result<JsonValue> {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return good(number);
  return bad(`${value} is too large for a JSON number: write string(…) around it`);
}

function objectToJson(
  value: Exclude<CelValue, string | boolean | bigint | number>,
): Result<JsonValue> {
  if (value === null) return good(null);
  if (isCelUint(value)) return intToJson(value.value);
  if (value instanceof Uint8Array) return good(Buffer.from(value).toString("base64"));
  if (isCelList(value)) return listToJson(value);
  if (isCelMap(value)) return mapToJson(value);
  if (isCelType(value)) return bad(`the type \`${value.name}\` is not a JSON value`);
  if (isReflectMessage(value)) return good(toJson(value.desc, value.message));
  return bad(`a ${celType(value).name} is not a JSON value`);
}

function listToJson(list: Iterable<CelValue>): Result<JsonValue> {
  const items: JsonValue[] = [];
  for (const item of list) {
    const json = celToJson(item);
    if (!json.ok) return json;
    items.push(json.value);
  }
  return good(items);
}

function mapToJson(map: Iterable<readonly [unknown, CelValue]>): Result<JsonValue> {
  const entries: [string, JsonValue][] = [];
  for (const [key, item] of map) {
    if (typeof key !== "string") return bad(`map key ${String(key)}: want a string`);
    const json = celToJson(item);
    if (!json.ok) return json;
    entries.push([key, json.value]);
  }
  return good(Object.fromEntries(entries));
}
