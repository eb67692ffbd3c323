// What a commit tells the world of assets: one event for all that its successes made new.
import { fromBinary } from "@bufbuild/protobuf";
import { AssetProducedSchema, DagSpecSchema, runIdOf } from "@chasqui/contracts";
import { create } from "@bufbuild/protobuf";
import { planOf } from "@chasqui/dag";
import { decide, newRun } from "@chasqui/machine";
import type { Json } from "@chasqui/machine";
import { expect, test } from "vitest";
import { announce } from "./events.ts";

function producedBy(output: Json | undefined, report: "succeeded" | "skipped") {
  const tasks = [{ id: "load", uses: "test.task", produces: ["orders", "routes"] }];
  const plan = planOf(create(DagSpecSchema, { id: "costs", tasks }), "f", { vars: {} });
  const runId = runIdOf("costs", "k");
  const facts = { id: runId, dagId: "costs", key: "k", logicalMs: 0 };
  const state = newRun({ plan, facts, params: {}, event: null });
  decide(state, { kind: "start", admitted: true }, { nowMs: 1, cause: "start" });
  const said = report === "skipped" ? { state: report, reason: "" } : { state: report };
  const { events } = decide(
    state,
    {
      ...{ kind: "update", taskId: "load", mapIndex: -1, attempt: 1, sequence: 1 },
      report: { ...said, ...(output === undefined ? {} : { output }) },
    },
    { nowMs: 2, cause: "update" },
  );
  const meta = { runId, dagId: "costs", dagNumber: 1, key: "k", logicalMs: 0, createdMs: 1 };
  const interval = { startMs: 0, endMs: 0 };
  const rest = { causeKind: "manual", by: "", params: {}, event: null, traceparent: undefined };
  const messages = announce({
    meta: { ...meta, ...rest, causeKind: "manual", traceId: "0", traced: false, interval },
    ...{ plan, version: 2, events, state, environment: "local", traceparent: "" },
  });
  const message = messages.find(({ subject }) => subject.includes(".asset-produced."));
  return message && fromBinary(AssetProducedSchema, message.data).assets;
}

test("a success makes its assets new, with what the task says about them", () => {
  expect(producedBy({ assets: { orders: { rows: 3 }, routes: "?" } }, "succeeded")).toMatchObject([
    { asset: "orders", taskId: "load", mapIndex: -1, attempt: 1, extraJson: '{"rows":3}' },
    { asset: "routes", extraJson: "" },
  ]);
  expect(producedBy(undefined, "succeeded")).toHaveLength(2);
});

test("a task that was skipped makes nothing new", () => {
  expect(producedBy(undefined, "skipped")).toBe(undefined);
});
