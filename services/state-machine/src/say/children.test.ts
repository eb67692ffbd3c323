// What a message about a child causes beside its decision: nobody waits for an answer that nobody owes him.
import { fromBinary } from "@bufbuild/protobuf";
import { AttemptState, FailureClass, InboxMessageSchema } from "@chasqui/contracts";
import type { Child, Parent } from "@chasqui/machine";
import { expect, test } from "vitest";
import type { Body, Inbound, StartFacts } from "../core/inbound.ts";
import { answersToParent, isToldToParent } from "./children.ts";

const ref = { taskId: "child", mapIndex: -1, attempt: 2 };
const parent: Parent = {
  ...{ runId: "run-p", dagId: "release", ...ref, wait: true, allowed: ["succeeded"] },
  ...{ depth: 1, waiting: ["run-p"] },
};
const start: StartFacts = {
  ...{ runId: "run-c", dagId: "prices", key: "k", logicalMs: 0, causeKind: "parent", by: "" },
  ...{ params: {}, event: null, traceparent: undefined, parent },
};
const child: Child = {
  runId: "run-c",
  dagId: "prices",
  key: "k",
  params: {},
  wait: true,
  allowed: [],
};
const asks: Body = { to: "dag", dagId: "prices", kind: "start", start };
const joins: Body = { to: "run", runId: "run-c", message: { kind: "joined", parent } };
const names: Body = { to: "run", runId: "run-p", message: { kind: "child_named", ...ref, child } };
const byHand: Body = { ...asks, start: { ...start, parent: undefined } };

const inbound = (body: Body): Inbound => ({
  ...{ id: "m", redelivered: false, replyTo: "", by: "", note: "", body },
});

test.each([
  { what: "a run is made", body: asks, outcome: "moved", dead: undefined, says: [] },
  { what: "the run exists", body: asks, outcome: "nothing", dead: undefined, says: ["joinRun"] },
  { what: "the DAG says no", body: asks, outcome: "rejected", dead: "no", says: ["config: no"] },
  { what: "the run says no", body: joins, outcome: "rejected", dead: "no", says: ["config: no"] },
  { what: "the request is spoilt", body: asks, outcome: "threw", dead: "x", says: ["unknown: x"] },
  { what: "the name is spoilt", body: names, outcome: "moved", dead: "x", says: ["unknown: x"] },
  { what: "the name is taken", body: names, outcome: "moved", dead: undefined, says: [] },
  { what: "nobody waits", body: byHand, outcome: "rejected", dead: "no", says: [] },
] as const)("$what: $says", ({ body, outcome, dead, says }) => {
  const said = answersToParent(inbound(body), outcome, dead).map(({ data }) => {
    const { body: told } = fromBinary(InboxMessageSchema, data);
    if (told.case !== "update") return told.case;
    const { runId, taskId, mapIndex, attempt, state, failure } = told.value;
    expect({ runId, taskId, mapIndex, attempt, state }).toEqual({
      ...{ runId: "run-p", ...ref, state: AttemptState.FAILED },
    });
    const name = failure?.class === FailureClass.CONFIG ? "config" : "unknown";
    return `${name}: ${failure?.message.split(": ").at(-1)}`;
  });
  expect(said).toEqual(says);
});

test("a no that its task has heard is no dead letter; what was spoilt is one", () => {
  const bodies = { asks, joins, names, byHand };
  const told = (outcome: string): string[] =>
    Object.entries(bodies).flatMap(([name, body]) =>
      isToldToParent(inbound(body), outcome) ? [name] : [],
    );
  expect(told("rejected")).toEqual(["asks", "joins"]);
  expect(told("threw")).toEqual([]);
});
