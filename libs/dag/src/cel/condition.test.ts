// Examples of conditions: operators, presence, and the errors.
import { expect, test } from "vitest";
import { compileCondition } from "./condition.ts";
import { createScope, retryScope, scopeOf } from "./scope.ts";

const scope = createScope({
  params: { n: 1, items: ["a", "b"] },
  event: { data: { country: "CO" } },
  tasks: { load: { state: "succeeded", output: { rows: 0 } }, mail: { state: "skipped" } },
});

test.each([
  ["event.data.country == 'CO'", true],
  ["tasks.load.output.rows > 0", false],
  ["tasks.load.state == 'succeeded' && tasks.mail.state == 'skipped'", true],
  ["tasks.mail.output == null", true],
  ["has(event.data.region)", false],
  ["has(event.data.region) && event.data.region == 'x'", false],
  ["'a' in params.items", true],
  ["params.items.all(i, i.size() == 1)", true],
  ["params.n == 1.0", true],
  ["true || event.data.region == 'x'", true],
  ["event.data.country.matches('^C.$')", true],
])("%s is %s", (text, value) => {
  expect(compileCondition(text).evaluate(scope)).toEqual({ ok: true, value });
});

test.each([
  ["params.n", "gives an integer: want true or false"],
  ["params.n == ", "at character"],
  ["event.data.region == 'x'", "no field `region` in `event.data`: there is country"],
  ["", "the expression is empty"],
  ["true || nope", "no name `nope`"],
  ["has(nope.x)", "no name `nope`"],
  ["x".repeat(5_000), "want at most 4096"],
  ["(".repeat(4_000), "condition"],
])("%s is an error that says: %s", (text, message) => {
  expect(compileCondition(text).evaluate(scope)).toMatchObject({
    ok: false,
    message: expect.stringContaining(message),
  });
});

test("a scope may have roots of its own", () => {
  const response = scopeOf({ response: { status: 200, body: { ready: true } } });
  expect(compileCondition("response.body.ready").evaluate(response)).toEqual({
    ok: true,
    value: true,
  });
});

test.each([
  ["item.region == 'north' && index == 2", true],
  ["run.is_latest", false],
  ["run.state == 'failed' && 'load' in run.failed_tasks", true],
])("%s in an instance of a run that ends is %s", (text, value) => {
  const ending = { state: "failed", failedTasks: ["load"] };
  const run = { dagId: "x", logicalMs: 0, timezone: "UTC", isLatest: false, ending };
  const instance = { item: { region: "north" }, index: 2 };
  const result = compileCondition(text).evaluate(createScope({ run, instance }));
  expect(result).toEqual({ ok: true, value });
});

test.each([
  ["failure.exit_code == 99", true],
  ["failure.class in ['code', 'quota'] && attempt < 3", true],
  ["failure.evidence.node == 'n1'", true],
  ["failure.message.contains('space')", true],
])("the retry rule %s is %s", (text, value) => {
  const facts = { class: "code", message: "no space left", evidence: { node: "n1" }, exitCode: 99 };
  expect(compileCondition(text).evaluate(retryScope(facts, 2))).toEqual({ ok: true, value });
});

test.each([
  ["failure.exit_code == 1", false],
  ["failure.exit_code > 128", false],
  ["has(failure.evidence.node)", false],
])("of a failure without exit code and evidence %s is %s", (text, value) => {
  const scope = retryScope({ class: "lost", message: "gone" }, 1);
  expect(compileCondition(text).evaluate(scope)).toEqual({ ok: true, value });
});
