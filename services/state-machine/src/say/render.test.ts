// A configuration that does not fit its kind fails before any runner hears of it, in the words that `simulate` has for it.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AssignmentSchema,
  DagSpecSchema,
  FailureClass,
  InboxMessageSchema,
} from "@chasqui/contracts";
import { compileDag, simulate } from "@chasqui/dag";
import { decide, newRun } from "@chasqui/machine";
import postgres from "postgres";
import { expect, test } from "vitest";
import { openVersions } from "../store/versions.ts";
import { renderAssignments } from "./render.ts";

const TEXT = `
id: pods
params: { type: object, properties: { image: {}, n: {} } }
tasks:
  work: { uses: k8s.pod, with: { image: "\${params.image}", env: { N: "\${params.n}" } } }
`;
type Params = Readonly<Record<string, string | number | null | string[]>>;

async function said(params: Params) {
  const compiled = compileDag({ file: "pods.yaml", text: TEXT });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const { spec, fingerprint } = compiled;
  const sql = postgres("postgres://127.0.0.1:9/nowhere"); // connects when it is asked, which it is not
  const versions = openVersions(sql, {});
  const stored = Buffer.from(toBinary(DagSpecSchema, spec));
  const version = await versions.get("pods", fingerprint, stored);
  if (version === undefined) throw new Error("no version");
  const facts = { id: "run-1", dagId: "pods", key: "k", logicalMs: 0 };
  const state = newRun({ plan: version.plan, facts, params, event: null });
  decide(state, { kind: "start", admitted: true }, { nowMs: 5, cause: "m" });
  const meta = {
    ...{
      runId: "run-1",
      dagId: "pods",
      dagNumber: 1,
      key: "k",
      logicalMs: 0,
      createdMs: 1,
      params,
    },
    ...{ interval: { startMs: 0, endMs: 0 }, causeKind: "manual" as const, by: "", event: null },
    ...{ traceparent: undefined, traceId: "0af7651916cd43dd8448eb211c80319c", traced: false },
  };
  const run = { state, version: 1, announced: 1, meta, fresh: true };
  const context = { sql, versions, environment: "test", vars: {} };
  const [message] = await renderAssignments([{ run, slot: 0, attempt: 1 }], context);
  if (message === undefined) throw new Error("nothing was said");
  const simulated = simulate({ spec, atMs: 0, params: { ...params } });
  if (!simulated.ok) throw new Error(simulated.message);
  return { message, simulated: simulated.value.tasks["work"] };
}

test.each<Params>([
  { image: null, n: "5" },
  { image: 5, n: "5" },
  { image: "a/b:1", n: ["5"] },
])("%j: class config, for good, and the runner hears of nothing", async (params) => {
  const { message, simulated } = await said(params);
  const { body } = fromBinary(InboxMessageSchema, message.data);
  if (body.case !== "update") throw new Error(`${body.case} was said`);
  const { failure } = body.value;
  expect(failure).toMatchObject({ class: FailureClass.CONFIG, permanent: true });
  expect(failure?.message).toMatch(/^with: /);
  expect(simulated).toMatchObject({ state: "failed", why: `config: ${failure?.message}` });
});

test("what fits is assigned: a number stands for its text, as the runner reads it", async () => {
  const { message, simulated } = await said({ image: "a/b:1", n: 5 });
  const { configJson } = fromBinary(AssignmentSchema, message.data);
  expect(JSON.parse(configJson)).toEqual({ image: "a/b:1", env: { N: 5 } });
  expect(simulated?.state).toBe("succeeded");
});
