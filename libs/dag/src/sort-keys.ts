// JSON in one spelling.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** A JSON value with the keys of every map sorted. */
export function sortKeys(value: JsonObject): JsonObject;
export function sortKeys(value: JsonValue): JsonValue;
export function sortKeys(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => sortKeys(item));
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
