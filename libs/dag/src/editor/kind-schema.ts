// The schemas of task kinds as an editor may judge them: before rendering, when any value may still be a `${…}`.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

const TEMPLATE: JsonObject = { type: "string", pattern: "\\$\\{" };

/** A kind's schema as an editor may judge it before rendering: any value may be a text with `${…}` instead. */
export function editorSchema(schema: JsonValue): JsonValue {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  const inner: Record<string, JsonValue> = {};
  for (const [word, value] of Object.entries(schema)) {
    if (
      word === "properties" &&
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value)
    )
      inner[word] = Object.fromEntries(
        Object.entries(value).map(([name, property]) => [name, orTemplate(property)]),
      );
    else if (word === "items" || (word === "additionalProperties" && typeof value === "object"))
      inner[word] = orTemplate(value);
    else if (!word.startsWith("x-")) inner[word] = value;
  }
  return inner;
}

function orTemplate(schema: JsonValue): JsonValue {
  const own = editorSchema(schema);
  if (typeof own !== "object" || own === null || Array.isArray(own)) return own;
  const free =
    own["type"] === "string" && own["pattern"] === undefined && own["enum"] === undefined;
  if (free) return own;
  const { description, ...rest } = own;
  return { ...(description === undefined ? {} : { description }), anyOf: [rest, TEMPLATE] };
}
