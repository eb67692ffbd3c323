// Which tasks an expression reads.
import { expect, test } from "vitest";
import { referencedTasks } from "./referenced-tasks.ts";

const ids = ["a", "b", "my-task", "other"];

test.each([
  ["tasks.a.output > 1", ["a"], ["a"]],
  ["tasks.my_task.state == 'x' && tasks['b'].output.n > 1", ["b", "my-task"], ["b"]],
  ["tasks['my-task'].output.all(t, t > tasks.a.output)", ["a", "my-task"], ["a", "my-task"]],
  ["tasks[params.which].output", ids, ids],
  ["tasks.all(t, tasks[t].state == 'succeeded')", ids, ids],
  ["[1].all(tasks, tasks > 0)", [], []],
  ["has(tasks.a.output.n)", ["a"], ["a"]],
  ["tasks.nope.output", [], []],
  ["run.date == '' && ", [], []],
])("%s", (when, any, output) => {
  expect(referencedTasks({ when }, ids)).toEqual(any);
  expect(referencedTasks({ when }, ids, "output")).toEqual(output);
});

test("templates anywhere in a configuration", () => {
  const config = {
    args: ["${tasks.a.output}", { x: "y ${tasks.b.output.n} $${tasks.other.output}" }],
    n: 1,
  };
  expect(referencedTasks({ with: config }, ids)).toEqual(["a", "b"]);
});
