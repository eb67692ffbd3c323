// Circles of runs that start each other, among the DAGs that an installation has and those that are applied.
import { compileDag, formatProblem } from "@chasqui/dag";
import { expect, test } from "vitest";
import { openDoors } from "../testing/doors.ts";
import { setup } from "../testing.ts";

function specOf(id: string, text: string) {
  const tasks = text.includes("tasks:") ? "" : "tasks: { t: { uses: noop } }";
  const compiled = compileDag({ file: `${id}.yaml`, text: `id: ${id}\n${text}\n${tasks}\n` });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec;
}

const orders = specOf("orders", "tasks: { t: { uses: noop, produces: [orders] } }");
const costs = specOf("costs", "triggers: [{ asset: orders }]");
const closing = specOf(
  "orders",
  "triggers: [{ dag: costs }]\ntasks: { t: { uses: noop, produces: [orders] } }",
);

test("a circle through a DAG that was applied before is refused, and checked where it is said; what retires is in no circle", async () => {
  await using t = await setup(orders);
  await t.engines(1);
  const { dags } = await openDoors(t);
  await dags.applyDags({ dags: [orders, costs] });
  const message = expect.stringContaining("for ever: orders -> costs -> orders (asset `orders` of");
  const { findings } = await dags.checkDags({ dags: [closing] });
  expect(findings).toMatchObject([
    { dagId: "orders", path: ["triggers", "0", "dag"], denied: true, message },
  ]);
  await expect(dags.applyDags({ dags: [closing] })).rejects.toThrow(
    "orders: runs start each other for ever: orders -> costs -> orders",
  );
  await expect(dags.applyDags({ dags: [closing, costs] })).rejects.toThrow("for ever");
  expect(await dags.checkDags({ dags: [closing], retireDagIds: ["costs"] })).toMatchObject({
    findings: [],
  });
  await dags.applyDags({ dags: [closing], retireDagIds: ["costs"] });
  await expect(dags.applyDags({ dags: [costs] })).rejects.toThrow(
    "costs: runs start each other for ever: costs -> orders -> costs",
  );
  const renamed = specOf(
    "sales",
    "was: [orders]\ntasks: { t: { uses: noop, produces: [orders] } }",
  );
  await dags.applyDags({ dags: [costs, renamed] });
});

test("two halves of a circle, applied at once through two replicas, never become one", async () => {
  await using t = await setup(orders);
  await t.engines(1);
  const doors = [await openDoors(t), await openDoors(t)] as const;
  for (let round = 0; round < 5; round++) {
    const [a, b] = [`a-${round}`, `b-${round}`];
    const halves = [specOf(a, `triggers: [{ dag: ${b} }]`), specOf(b, `triggers: [{ dag: ${a} }]`)];
    const ends = await Promise.allSettled(
      halves.map((half, index) => doors[index % 2]?.dags.applyDags({ dags: [half] })),
    );
    expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = ends.find((end) => end.status === "rejected");
    expect(String(refused?.reason)).toContain("runs start each other for ever");
  }
});
