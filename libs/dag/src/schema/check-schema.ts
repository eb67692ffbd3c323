// Checks that a JSON Schema itself makes sense: `params` of a DAG, and what a runner announces for its kind.
import type { JsonSchema } from "@chasqui/contracts";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { checkValue } from "./check-value.ts";
import type { Finding } from "./check-value.ts";
import type { Path } from "../yaml/source.ts";
import { patternError } from "./formats.ts";

const TYPES = ["object", "array", "string", "integer", "number", "boolean", "null"] as const;

const count: JsonSchema = { type: "integer", minimum: 0 };
const anything: JsonSchema = {};
const anyMap: JsonSchema = { type: "object" };

/** The keywords that Chasqui knows, as a schema of one level of a schema. */
const keywords: Readonly<Record<string, JsonSchema>> = {
  type: { oneOf: [{ enum: TYPES }, { type: "array", minItems: 1, items: { enum: TYPES } }] },
  title: { type: "string" },
  description: { type: "string" },
  default: anything,
  examples: { type: "array" },
  enum: { type: "array", minItems: 1 },
  const: anything,
  properties: anyMap,
  required: { type: "array", items: { type: "string" } },
  additionalProperties: { type: ["boolean", "object"] },
  propertyNames: anyMap,
  minProperties: count,
  maxProperties: count,
  items: anyMap,
  minItems: count,
  maxItems: count,
  uniqueItems: { type: "boolean" },
  minLength: count,
  maxLength: count,
  pattern: { type: "string" },
  format: { type: "string" },
  minimum: { type: "number" },
  maximum: { type: "number" },
  oneOf: { type: "array", minItems: 1, items: anyMap },
  anyOf: { type: "array", minItems: 1, items: anyMap },
  "x-scalar": { type: "boolean" },
  "x-variables": { type: "array", items: { type: "string" } },
  "x-connection": { type: "array", minItems: 1, items: { type: "string" } },
};

const level: JsonSchema = { type: "object", additionalProperties: false, properties: keywords };

/** What is wrong with a schema. Without findings the value is a JsonSchema: `asSchema` then gives it. */
export function checkSchema(value: JsonValue, path: Path = []): Finding[] {
  const findings = checkValue(level, value, { templates: false }, path);
  if (findings.length > 0 || !isMap(value)) return findings;
  const { pattern } = value;
  if (typeof pattern === "string") {
    const message = patternError(pattern);
    if (message !== undefined) findings.push({ path: [...path, "pattern"], message });
  }
  for (const [step, inner] of innerSchemas(value))
    findings.push(...checkSchema(inner, [...path, ...step]));
  if (findings.length === 0 && value["default"] !== undefined)
    findings.push(
      ...checkValue(value, value["default"], { templates: false }, [...path, "default"]),
    );
  return findings;
}

const isMap = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function innerSchemas(schema: JsonObject): [Path, JsonValue][] {
  const inner: [Path, JsonValue][] = [];
  const { properties, oneOf, anyOf } = schema;
  if (isMap(properties))
    for (const [name, property] of Object.entries(properties))
      inner.push([["properties", name], property]);
  for (const word of ["additionalProperties", "propertyNames", "items"])
    if (isMap(schema[word])) inner.push([[word], schema[word]]);
  for (const [word, branches] of [
    ["oneOf", oneOf],
    ["anyOf", anyOf],
  ] as const)
    if (Array.isArray(branches))
      for (const [index, branch] of branches.entries()) inner.push([[word, index], branch]);
  return inner;
}

/** The schema, when it is one. */
export function asSchema(value: JsonValue): JsonSchema | undefined {
  return isMap(value) && checkSchema(value).length === 0 ? value : undefined;
}
