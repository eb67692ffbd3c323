// The helper for the tests of DAG authors.
import path from "node:path";
import { expect, test } from "vitest";
import { defineDag } from "../define/define-dag.ts";
import { simulateDag, statesOf } from "./simulate-dag.ts";

const dag = defineDag({
  id: "train",
  tasks: {
    train: { uses: "k8s.pod", with: { image: "${vars.registry}/t:1" }, retries: 2 },
    publish: { uses: "noop", needs: ["train"], when: "tasks.train.output.score > 0.9" },
  },
});

test("a typed DAG", () => {
  const run = simulateDag(dag, {
    outcomes: { train: "fail:quota,succeed" },
    outputs: { train: { score: 0.5 } },
  });
  expect(run.run.state).toBe("succeeded");
  expect(run.tasks["train"]).toMatchObject({ state: "succeeded", attempts: 2 });
  expect(statesOf(run)).toEqual({ train: "succeeded", publish: "skipped" });
});

test("its outcomes name its tasks, for the type checker and when it runs", () => {
  // @ts-expect-error: there is no task `tran`
  expect(() => simulateDag(dag, { outcomes: { tran: "fail" } })).toThrow("did you mean `train`?");
});

test("a file; the same in every time", () => {
  const file = path.resolve(import.meta.dirname, "../../../../dags/carrier-daily-costs.yaml");
  const run = simulateDag(file, { outputs: { aggregate: { carriers: 2 } } });
  expect(run.run).toMatchObject({ state: "succeeded", started_at: "2026-01-05T12:00:00Z" });
  expect(simulateDag(file, { outcomes: { aggregate: ["fail"] } }).run.state).toBe("failed");
});

test("what does not fit a kind fails, as it would in a run; vars that nobody said are not judged", () => {
  const own = defineDag({
    id: "own",
    tasks: {
      load: { uses: "k8s.pod", with: { image: "x" } },
      next: { uses: "k8s.pod", with: { image: "${tasks.load.output}" }, needs: ["load"] },
      child: { uses: "dag.run", with: { dag: "${vars.child}" } },
      acme: { uses: "acme.invoice", with: { month: "${run.key}" } },
    },
  });
  const kinds = { "acme.invoice": { properties: { month: { type: "integer" } } } } as const;
  const run = simulateDag(own, { outputs: { load: null }, kinds });
  expect(statesOf(run)).toEqual({
    ...{ load: "succeeded", next: "failed", child: "succeeded", acme: "failed" },
  });
  expect(run.tasks["next"]?.why).toMatch(/^config: with: field `image` .* is missing$/);
  const said = simulateDag(own, { vars: { child: "Not One" } });
  expect(said.tasks["child"]?.why).toMatch(/^config: with\.dag: /);
});

test("errors of a DAG are thrown with their places", () => {
  const broken: object = { id: "x", tasks: { a: { uses: "noop", needs: ["b"] } } };
  expect(() => simulateDag(JSON.parse(JSON.stringify(broken)))).toThrow(
    "x:1:1: task `a` needs `b`",
  );
  expect(() => simulateDag(dag, { at: "noon" })).toThrow("want an instant such as");
});
