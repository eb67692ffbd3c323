// The JSON Schema checker: one row per keyword, templates, parameters.
import fc from "fast-check";
import { expect, test } from "vitest";
import { builtInKindSchemas } from "@chasqui/contracts";
import type { JsonSchema } from "@chasqui/contracts";
import type { JsonValue } from "@bufbuild/protobuf";
import { asSchema, checkSchema } from "./check-schema.ts";
import { checkValue } from "./check-value.ts";
import { resolveParams } from "./params.ts";

const messages = (schema: JsonSchema, value: JsonValue, templates = false): string[] =>
  checkValue(schema, value, { templates }).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );

test.each<[JsonSchema, JsonValue, JsonValue, string]>([
  [{ type: "string" }, "a", 1, ": `1` is an integer: want text"],
  [{ type: "integer" }, 1, 1.5, ": `1.5` is a number: want an integer"],
  [{ type: "number" }, 1.5, "1", ": `1` is text: want a number"],
  [{ type: "boolean" }, false, "yes", ": `yes` is text: want true or false"],
  [{ type: "null" }, null, 0, ": `0` is an integer: want null"],
  [{ type: ["string", "null"] }, null, 1, ": `1` is an integer: want text or null"],
  [{ enum: ["a", 1] }, 1, "b", ": `b`: want one of a, 1"],
  [{ enum: ["a"] }, "a", {}, ": a map: want one of a"],
  [{ const: 5 }, 5, 6, ": `6`: want 5"],
  [{ minimum: 1, maximum: 3, type: "integer" }, 3, 4, ": 4: want an integer ≥ 1 and ≤ 3"],
  [{ minLength: 1 }, "a", "", ": is empty"],
  [{ maxLength: 2 }, "ññ", "abc", ": has 3 characters: want at most 2"],
  [{ pattern: "^a+$", type: "string" }, "aa", "b", ": `b`: want text that matches ^a+$"],
  [
    { format: "duration" },
    "5m",
    "5",
    ": `5` is not a duration: want a duration such as 30s, 5m, 1h30m or 2d",
  ],
  [
    { format: "date" },
    "2026-01-01",
    "2026-02-30",
    ": `2026-02-30`: want a date such as 2026-10-06",
  ],
  [{ format: "http-url" }, "http://a", "a.b", ": `a.b`: want an address such as https://host/path"],
  [
    { format: "http-url-or-path" },
    "/a/b",
    "//host/a",
    ": `//host/a`: want an address such as https://host/path, or a path below that of a connection",
  ],
  [{ format: "cel", "x-variables": ["x"] }, "x > 1", "y > 1", ": no name `y`"],
  [{ items: { type: "string" } }, ["a"], ["a", 1], "1: `1` is an integer: want text"],
  [{ minItems: 1 }, [1], [], ": has 0 items: want at least 1 item"],
  [{ maxItems: 1 }, [1], [1, 2], ": has 2 items: want at most 1 item"],
  [{ uniqueItems: true }, [1, 2], [1, 1], "1: `1` is there twice"],
  [{ required: ["a"] }, { a: 1 }, {}, ": field `a` is missing"],
  [
    { properties: { a: {}, b: {} }, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    { a: 1 },
    {},
    ": has none of the fields `a`, `b`: want one",
  ],
  [
    { properties: { a: {}, b: {} }, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    { b: 1 },
    { a: 1, b: 1 },
    ": fields `a` and `b` exclude each other",
  ],
  [
    { properties: { a: {}, b: {} }, anyOf: [{ required: ["a", "c"] }, { required: ["b"] }] },
    { a: 1, b: 1, c: 1 },
    { a: 1 },
    ": has none of the fields `a` with `c`, `b`: want one",
  ],
  [{ additionalProperties: false }, {}, { b: 1 }, "b: unknown field `b`"],
  [
    { additionalProperties: { type: "string" } },
    { b: "1" },
    { b: 1 },
    "b: `1` is an integer: want text",
  ],
  [
    { propertyNames: { pattern: "^A" } },
    { A: 1 },
    { b: 1 },
    "b: key `b`: want another value that matches ^A",
  ],
  [
    { properties: { a: { type: "integer" } } },
    { a: 1, b: "x" },
    { a: "x" },
    "a: `x` is text: want an integer",
  ],
  [{ minProperties: 1 }, { a: 1 }, {}, ": has 0 fields: want at least 1 field"],
  [
    { oneOf: [{ type: "string" }, { type: "integer" }] },
    1,
    true,
    ": `true`: want text or an integer",
  ],
  [
    { anyOf: [{ type: "integer" }, { properties: { a: { type: "string" } }, type: "object" }] },
    1,
    { a: 1 },
    "a: `1` is an integer: want text",
  ],
])("%j accepts %j and not %j", (schema, good, wrong, message) => {
  expect(messages(schema, good)).toEqual([]);
  expect(messages(schema, wrong)).toEqual([message]);
});

test("a template may become anything, a text with a template only text", () => {
  const schema: JsonSchema = {
    properties: { n: { type: "integer" }, s: { type: "string", pattern: "^a" } },
  };
  expect(messages(schema, { n: "${params.n}", s: "x${run.date}" }, true)).toEqual([]);
  expect(messages(schema, { n: "x${params.n}" }, true)).toEqual([
    "n: `x${params.n}` is text: want an integer",
  ]);
  expect(messages(schema, { n: "${params.n}" }, false)).toHaveLength(1);
});

test("a pattern from a stranger takes linear time", () => {
  const schema: JsonSchema = { type: "string", pattern: "^(a+)+$" };
  expect(messages(schema, `${"a".repeat(50_000)}b`)).toHaveLength(1);
});

test("the built-in kinds' schemas are schemas", () => {
  for (const schema of Object.values(builtInKindSchemas))
    expect(checkSchema(JSON.parse(JSON.stringify(schema)))).toEqual([]);
});

test.each<[JsonValue, string]>([
  [1, "want a map"],
  [{ type: "strng" }, "want one of object, array"],
  [{ $ref: "#" }, "unknown field `$ref`"],
  [{ pattern: "(" }, "not a regular expression"],
  [{ properties: { a: { type: "integer", default: "x" } } }, "want an integer"],
  [{ items: { minimun: 1 } }, "unknown field `minimun`"],
])("%j is not a schema: %s", (schema, message) => {
  expect(
    checkSchema(schema)
      .map((finding) => finding.message)
      .join(),
  ).toContain(message);
  expect(asSchema(schema)).toBeUndefined();
});

test("S1: any value against any schema that is accepted", () => {
  const word = fc.constantFrom(
    ...Object.keys({
      type: 1,
      enum: 1,
      properties: 1,
      items: 1,
      oneOf: 1,
      required: 1,
      pattern: 1,
      format: 1,
      minimum: 1,
      default: 1,
      const: 1,
      additionalProperties: 1,
    }),
  );
  const piece = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      "string",
      "object",
      ["a"],
      [{ type: "integer" }],
      { a: { type: "string" } },
      "cel",
      "(",
    ),
  );
  fc.assert(
    fc.property(fc.dictionary(word, piece), fc.jsonValue(), (text, value) => {
      const schema = asSchema(JSON.parse(JSON.stringify(text)));
      if (schema !== undefined)
        expect(
          Array.isArray(checkValue(schema, JSON.parse(JSON.stringify(value)), { templates: true })),
        ).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("parameters get their defaults and are checked", () => {
  const schema = {
    type: "object",
    required: ["day"],
    properties: { day: { type: "string", format: "date" }, n: { type: "integer", default: 3 } },
  };
  expect(resolveParams(schema, { day: "2026-10-06" })).toEqual({
    ok: true,
    value: { day: "2026-10-06", n: 3 },
  });
  expect(resolveParams(schema, { dya: 1 })).toEqual({
    ok: false,
    message:
      "parameters: field `day` is missing; parameter `dya`: unknown field `dya`; did you mean `day`?",
  });
  expect(resolveParams(undefined, {})).toEqual({ ok: true, value: {} });
  expect(resolveParams(undefined, { a: 1 })).toMatchObject({
    message: "parameters a: want none, the DAG declares no params",
  });
});
