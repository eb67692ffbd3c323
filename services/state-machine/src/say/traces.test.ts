// A run of a long list is traced like any other, but for its later instances.
import { HistorySpans, eventSpan } from "@chasqui/chassis";
import type { ServiceSpan, SpanRecord } from "@chasqui/chassis";
import { compileDag, planOf } from "@chasqui/dag";
import { decide, newRun } from "@chasqui/machine";
import type { RunMessage } from "@chasqui/machine";
import { expect, test } from "vitest";
import { TRACED_INSTANCES_MAX, spansOf, traceparentOf } from "./traces.ts";

const items = Array.from({ length: TRACED_INSTANCES_MAX + 20 }, (_, i) => i);
const text = `
id: bills
params: { type: object, properties: { items: { type: array } } }
tasks:
  first: { uses: bench.noop }
  each: { needs: [first], for_each: { in: params.items, max: 500, parallel: 500 }, uses: bench.noop }
`;

function mappedRun() {
  const compiled = compileDag({ file: "bills.yaml", text }, { kinds: { "bench.noop": undefined } });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const facts = { id: "run-1", dagId: "bills", key: "k", logicalMs: 0 };
  const plan = planOf(compiled.spec, "f", { vars: {} });
  const state = newRun({ plan, facts, params: { items }, event: null });
  const meta = {
    ...{ runId: "run-1", dagId: "bills", dagNumber: 1, key: "k", logicalMs: 0, createdMs: 1 },
    ...{ interval: { startMs: 0, endMs: 0 }, causeKind: "manual" as const, by: "", params: {} },
    ...{ event: null, traceparent: undefined, traceId: "0af7651916cd43dd8448eb211c80319c" },
    traced: true,
  };
  return { state, version: 1, announced: 1, meta, fresh: true };
}

const done = { kind: "update", attempt: 1, sequence: 1, report: { state: "succeeded" } } as const;

test("what is written while a run goes on, is rebuilt from its history: the same spans", () => {
  const run = mappedRun();
  const { meta, state } = run;
  const failure = { class: "quota", message: "full" } as const;
  const messages: RunMessage[] = [
    { kind: "start", admitted: true },
    { ...done, taskId: "first", mapIndex: -1 },
    ...items.map((mapIndex) => ({ ...done, taskId: "each", mapIndex })).slice(1),
    { ...done, report: { state: "failed", failure }, taskId: "each", mapIndex: 0 },
  ];
  const stored = { ...meta, cause: { kind: "manual", by: "" }, reason: undefined } as const;
  const kinds = new Map(state.plan.tasks.map(({ id, kind }) => [id, kind]));
  const rebuilt = new HistorySpans({ ...stored, parent: undefined, kinds });
  const live: SpanRecord[] = [];
  const again: SpanRecord[] = [];
  for (const [index, message] of messages.entries()) {
    const version = index + 1;
    const { events } = decide(state, message, { nowMs: version * 10, cause: `m-${version}` });
    live.push(...spansOf(run, events), eventSpan(meta, version, version * 10));
    for (const event of events) again.push(...spansIn(rebuilt.add({ ...event, version })));
  }
  again.push(...spansIn(rebuilt.end()));
  expect(state.status).toBe("failed");
  const isOfRest = ({ name, attributes }: SpanRecord): boolean =>
    name.startsWith("process ") ||
    (name.startsWith("task ") && Number(attributes?.["chasqui.map.index"]) >= TRACED_INSTANCES_MAX);
  const ofLater = new Set(again.filter(isOfRest).map(({ spanId }) => spanId));
  const both = again.filter(
    ({ spanId, parentSpanId = "" }) => !ofLater.has(spanId) && !ofLater.has(parentSpanId),
  );
  expect(byId(both)).toEqual(byId(live));
  expect(again.filter(({ name }) => name === "task each")).toHaveLength(items.length);
});

const spansIn = (all: readonly ServiceSpan[]): SpanRecord[] => all.map(({ span }) => span);
const byId = (spans: readonly SpanRecord[]): SpanRecord[] =>
  spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));

test("each task and the first instances have their spans, and name them as parents; later ones do not", () => {
  const run = mappedRun();
  const say = (message: RunMessage) => decide(run.state, message, { nowMs: 5, cause: "m" }).events;
  const events = [
    ...say({ kind: "start", admitted: true }),
    ...say({ ...done, taskId: "first", mapIndex: -1 }),
    ...items.flatMap((mapIndex) => say({ ...done, taskId: "each", mapIndex })),
  ];
  const named = spansOf(run, events);
  const count = (name: string) => named.filter((span) => span.name === name).length;
  expect(count("task first")).toBe(1);
  expect(count("task each")).toBe(TRACED_INSTANCES_MAX);
  expect(count("publish chasqui.task.bench.noop")).toBe(1 + TRACED_INSTANCES_MAX);

  const isSampled = (mapIndex: number) =>
    traceparentOf(run.meta, () => "b7ad6b7169203331", mapIndex).endsWith("-01");
  expect([-1, 0, TRACED_INSTANCES_MAX - 1, TRACED_INSTANCES_MAX].map(isSampled)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
