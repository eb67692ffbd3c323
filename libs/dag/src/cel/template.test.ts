// Examples of `${…}`: types, escapes, and what the errors say.
import { expect, test } from "vitest";
import { createScope } from "./scope.ts";
import { isWholeTemplate, renderValue } from "./template.ts";

const scope = createScope({
  run: {
    id: "run-1",
    dagId: "costs",
    key: "2026-10-06",
    logicalMs: Date.parse("2026-10-07T02:00:00Z"),
    timezone: "America/Bogota",
  },
  params: { n: 1, list: [1, 2, 3], none: null },
  event: { data: { country: "CO" } },
  tasks: { "my-task": { state: "succeeded", output: { rows: 3, cost: 10.5 } } },
  vars: { registry: "registry.example" },
});

test.each([
  ["plain", "plain"],
  ["${run.date}", "2026-10-06"],
  ["${run.logical_time}", "2026-10-07T02:00:00Z"],
  ["${run.date.plusDays(-1)}", "2026-10-05"],
  ["${vars.registry}/costs:1.4", "registry.example/costs:1.4"],
  ["${params.n}", 1],
  ["n is ${params.n}", "n is 1"],
  ["${params.list}", [1, 2, 3]],
  ["${params.list.map(x, x * 2)}", [2, 4, 6]],
  ["${tasks.my_task.output.rows + 1}", 4],
  ["${tasks['my-task'].output.rows + 1}", 4],
  ["${tasks.my_task.output.cost + 1}", 11.5],
  ["${tasks.my_task.output.rows * 1.5}", 4.5],
  ["${event}", { data: { country: "CO" } }],
  ["${params.none}", null],
  ["${ {'a': '}'}.a }", "}"],
  ["${'\\'}'}", "'}"],
  ["$${run.date}", "${run.date}"],
  ["$$${params.n}", "$${params.n}"],
  ["$5 and $", "$5 and $"],
  ["${timestamp(run.logical_time) + duration('24h')}", "2026-10-08T02:00:00Z"],
])("%s renders to %j", (text, value) => {
  expect(renderValue(text, scope)).toEqual({ ok: true, value });
});

test.each([
  [
    "${nope}",
    "expression `nope`: no name `nope`: there is event, events, params, run, tasks, vars",
  ],
  ["${prams.n}", "did you mean `params`?"],
  ["${tasks.my_tsk.state}", "did you mean `my_task`?"],
  ["${params.m}", "no field `m` in `params`: there is list, n, none"],
  ["${params.none.x}", "`params.none` is null, so it has no field `x`"],
  ["${constructor}", "no name `constructor`"],
  ["x ${params.list}", "is a list, which cannot stand inside a text"],
  ["x ${params.none}", "is null, which cannot stand inside a text"],
  ["${params.n + 'x'}", "`+` cannot be applied to (int, string)"],
  ["${1 / 0}", "divide by zero"],
  ["${0.0 / 0.0}", "NaN is not a JSON number"],
  ["${9007199254740993}", "too large for a JSON number"],
  ["${", "`${` without its closing `}`"],
  ["${a = b}", "unexpected `=` at character 5"],
  ["${params.list.map(x, nope)}", "no name `nope`"],
  ["${'x'.plusDays(1)}", "want one such as 2026-10-06"],
])("%s is an error that says: %s", (text, message) => {
  expect(renderValue(text, scope)).toEqual({
    ok: false,
    message: expect.stringContaining(message),
  });
});

test("a value is rendered deeply, and an error begins with its path", () => {
  expect(renderValue({ env: { DAY: "${run.date}" }, args: ["${params.n}", 2] }, scope)).toEqual({
    ok: true,
    value: { env: { DAY: "2026-10-06" }, args: [1, 2] },
  });
  expect(renderValue({ env: [{ DAY: "${nope}" }] }, scope)).toMatchObject({
    message: expect.stringMatching(/^env\[0\]\.DAY: expression `nope`/),
  });
});

test("a whole template is told from a text that holds templates", () => {
  expect(isWholeTemplate("${a}")).toBe(true);
  expect(isWholeTemplate("${ {'a': 1} }")).toBe(true);
  expect(isWholeTemplate("${a}${b}")).toBe(false);
  expect(isWholeTemplate("$${a}")).toBe(false);
  expect(isWholeTemplate("${a} ")).toBe(false);
});

test("10,000 elements are mapped, and an expression that visits more than allowed is stopped", () => {
  const many = createScope({ params: { list: Array.from({ length: 10_000 }, (_, i) => i) } });
  const mapped = renderValue("${params.list.map(x, x + 1)}", many);
  expect(mapped.ok && Array.isArray(mapped.value) && mapped.value.length).toBe(10_000);
  expect(renderValue("${params.list.exists(x, params.list.exists(y, y < 0))}", many)).toMatchObject(
    { ok: false, message: expect.stringContaining("more than 20,000 elements") },
  );
});
