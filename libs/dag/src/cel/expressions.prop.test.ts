// Properties of the expression language; the names are those of the invariants in the files.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonValue } from "@bufbuild/protobuf";
import { anyText } from "../../../../tests/support/any-text.ts";
import { compileCondition } from "./condition.ts";
import { createScope, scopeOf } from "./scope.ts";
import { renderValue } from "./template.ts";

const scope = createScope({
  run: { id: "run-1", dagId: "d", key: "k", logicalMs: 0, timezone: "UTC" },
  params: { a: 1, b: [1, 2.5, "x"], c: { d: null } },
  event: { data: {} },
  tasks: { "my-task": { state: "succeeded", output: { n: 1 } } },
});

/** Text made of pieces of the language, so that much of it parses. */
const celText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          "params.a",
          "params.b",
          "params",
          "run.date",
          "tasks.my_task.output.n",
          "nope",
          "x",
          "1",
        ],
        ...["2.5", "'s'", "null", "true", " + ", " - ", " * ", " / ", " % ", " == ", " < ", " in "],
        ...[
          " && ",
          " || ",
          " ? ",
          " : ",
          "(",
          ")",
          "[",
          "]",
          "{",
          "}",
          ".",
          ",",
          "!",
          "-",
          "${",
          "$",
        ],
        ...[".map(x, x)", ".exists(x, x > 1)", ".size()", ".plusDays(1)", "int(", "string(", "\\"],
        ...["timestamp(", "has(", "type(", ".format([1])", "b'x'", "r'\\'", '"""', "constructor"],
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

test("E1: conditions and templates never throw", () => {
  fc.assert(
    fc.property(fc.oneof(celText, fc.string(), anyText()), (text) => {
      for (const result of [
        compileCondition(text).evaluate(scope),
        renderValue(text, scope),
        renderValue(`\${${text}}`, scope),
      ])
        expect(result.ok || result.message.length > 0).toBe(true);
    }),
    { numRuns: 1_500 },
  );
});

test("E2: the same text and scope give the same result", () => {
  fc.assert(
    fc.property(celText, (text) => {
      expect(renderValue(`\${${text}}`, scope)).toEqual(renderValue(`\${${text}}`, scope));
    }),
    { numRuns: 300 },
  );
});

const json = fc
  .jsonValue({ maxDepth: 4 })
  .map((value): JsonValue => JSON.parse(JSON.stringify(value)));

test("V1: a JSON value that is read by an expression comes back as it was", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(renderValue("${v}", scopeOf({ v: value }))).toEqual({ ok: true, value });
    }),
  );
});

test("V2: integral numbers are ints, others doubles", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
      (n) => {
        const expected = Number.isSafeInteger(n) && !Object.is(n, -0) ? "int" : "double";
        expect(compileCondition(`type(n) == ${expected}`).evaluate(scopeOf({ n }))).toEqual({
          ok: true,
          value: true,
        });
      },
    ),
  );
});

test("T2: a text escaped with $${ renders to itself", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.endsWith("$"));
      const escaped = text.replaceAll("${", () => "$${");
      expect(renderValue(escaped, scope)).toEqual({ ok: true, value: text });
    }),
  );
});

test("T3: a value without ${ renders to the same value, not a copy", () => {
  fc.assert(
    fc.property(json, (value) => {
      fc.pre(!JSON.stringify(value).includes("${"));
      const rendered = renderValue(value, scope);
      expect(rendered.ok && rendered.value).toBe(value);
    }),
  );
});
