// Places of fields in TypeScript that makes a DAG.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileDagObject } from "../compile/compile-dag.ts";
import { positionsIn } from "../text/positions.ts";
import { outlineOf } from "./code-outline.ts";
import type { Path } from "./source.ts";

const CODE = `// { tasks: { load: { needs: ["none"] } } }
const shared = { retries: { max: 3 } };
export const dag = defineDag({ id: "costs", outputs: {} }, ({ tasks }) => {
  const a = { when: "x" };
  return {
    tasks: {
      list: { uses: "noop", ...shared },
      'my-load': {
        needs: ["list", "lst"], with: { args: [["a"], "b \${c}"], "e-f": 1 },
        when: is(tasks.list.output, "full"),
      },
    },
  };
});
`;

test.each<[Path, "key" | "value", number | undefined, string]>([
  [["id"], "value", undefined, '3:36 "costs"'],
  [["tasks"], "key", undefined, "6:5 tasks: {"],
  [["tasks", "my-load"], "key", undefined, "8:7 'my-load'"],
  [["tasks", "my-load", "needs", 1], "value", undefined, '9:25 "lst"'],
  [["tasks", "my-load", "with", "args", 0, 0], "value", undefined, '9:49 "a"'],
  [["tasks", "my-load", "with", "args", 1], "value", 4, "9:60 c}"],
  [["tasks", "my-load", "with", "e-f"], "key", undefined, '9:66 "e-f"'],
  [["tasks", "my-load", "when"], "value", 3, "10:15 is(tasks"],
  [["tasks", "list", "retries", "max"], "value", undefined, '7:13 { uses: "noop"'], // another literal's: the nearest around it
  [["tasks", "none"], "value", undefined, "6:12 {"],
  [["schedule"], "value", undefined, "1:1 // {"],
])("%j, its %s at %s: %s", (path, at, offset, expected) => {
  const start = outlineOf(CODE)(path, at, offset) ?? 0;
  const { line, column } = positionsIn(CODE)(start);
  const [place = "", ...words] = expected.split(" ");
  expect(`${line}:${column} ${CODE.slice(start, start + words.join(" ").length)}`).toBe(
    [place, ...words].join(" "),
  );
});

test("a problem of a DAG in TypeScript stands at its field", () => {
  const value = { id: "x", tasks: { a: { uses: "noop", needs: ["b"] } } };
  const code = 'export const dag = { id: "x", tasks: {\n  a: { uses: "noop", needs: ["b"] } } };\n';
  const compiled = compileDagObject(value, "x.ts", { code });
  expect(compiled).toMatchObject({ ok: false, problems: [{ line: 2, column: 30 }] });
});

test("O1. whatever the text, nothing is thrown and every place is in it", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    '"',
    "`",
    "a",
    "tasks",
    "/*",
    "//",
    "\n",
    "\\",
  ];
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((list) => list.join(""));
  const path = fc.array(fc.oneof(fc.constantFrom("a", "tasks"), fc.nat(2)), { maxLength: 4 });
  fc.assert(
    fc.property(text, path, fc.constantFrom("key", "value"), (code, steps, at) => {
      const start = outlineOf(code)(steps, at) ?? 0;
      expect(start >= 0 && start <= code.length).toBe(true);
    }),
  );
});
