import { expect, test } from "vitest";
import { parsePodConfig } from "../config.ts";
import { podManifest } from "./manifest.ts";
import type { PodOf } from "./manifest.ts";
import { ANNOTATIONS, labelValue, readNote } from "./note.ts";
import type { Note } from "./note.ts";

const note: Note = {
  runId: "run-00000000000000000000000000",
  dagId: "carrier-daily-costs",
  taskId: "_aggregate_",
  mapIndex: -1,
  attempt: 2,
  attemptsMax: 4,
  attemptId: "att-00000000000000000000000000",
  acceptedMs: 1_000,
  timeoutMs: undefined,
  skipExitCodes: [99],
};

function manifest(
  change: { with?: object; note?: Partial<Note> } & Omit<Partial<PodOf>, "note"> = {},
) {
  const { with: config = {}, note: noted = {}, ...rest } = change;
  return podManifest({
    note: { ...note, ...noted },
    kind: "k8s.pod",
    environment: "local",
    logicalTime: "2026-01-02T00:00:00Z",
    config: parsePodConfig({ image: "costs:1.4", ...config }),
    traceparent: "00-a-b-01",
    childTraceparent: "00-a-c-01",
    graceMs: 30_000,
    follower: { holder: "host-1", untilMs: 5_000 },
    ...rest,
  });
}
const envOf = (pod: ReturnType<typeof manifest>) => pod.spec.containers[0]?.env ?? [];
const valueOf = (pod: ReturnType<typeof manifest>, name: string): string | undefined => {
  const found = envOf(pod).find((variable) => variable.name === name);
  return found !== undefined && "value" in found ? found.value : undefined;
};

test("a whole pod", () => {
  expect(
    manifest({
      with: {
        command: ["node", "aggregate.mjs"],
        args: ["--all"],
        env: { DAY: "2026-01-01" },
        secrets: { DB_PASSWORD: "warehouse/password" },
        resources: { cpu: "500m", memory: "512Mi" },
        labels: { team: "logistics" },
        service_account: "reader",
        node_selector: { disk: "ssd" },
      },
      note: { timeoutMs: 90_500 },
    }),
  ).toMatchSnapshot();
});

test("the note comes back from the pod", () => {
  const pod = manifest({ note: { mapIndex: 3, timeoutMs: 1_000 } });
  expect(readNote(pod.metadata.annotations[ANNOTATIONS.note])).toEqual({
    ...note,
    mapIndex: 3,
    timeoutMs: 1_000,
  });
});

test.each([[undefined], [""], ["[]"], ["{}"], ["null"], ['{"runId":1}']])(
  "%j is no note",
  (text) => {
    expect(readNote(text)).toBeUndefined();
  },
);

test("M2: the nearer of timeout and active_deadline is Kubernetes' deadline, rounded up", () => {
  const deadline = (active: string | undefined, timeoutMs: number | undefined) =>
    manifest({ with: active === undefined ? {} : { active_deadline: active }, note: { timeoutMs } })
      .spec.activeDeadlineSeconds;
  expect(deadline(undefined, undefined)).toBeUndefined();
  expect(deadline(undefined, 1)).toBe(1);
  expect(deadline(undefined, 1_001)).toBe(2);
  expect(deadline("1m", 90_000)).toBe(60);
  expect(deadline("1h", 90_000)).toBe(90);
});

test("M3: a task cannot replace who it is", () => {
  const pod = manifest({ with: { env: { CHASQUI_RUN_ID: "another", TRACEPARENT: "mine" } } });
  expect(envOf(pod).filter(({ name }) => name === "CHASQUI_RUN_ID")).toEqual([
    { name: "CHASQUI_RUN_ID", value: note.runId },
  ]);
  expect(valueOf(pod, "TRACEPARENT")).toBe("00-a-c-01");
});

test("values mean what they say: Kubernetes expands nothing in them", () => {
  const pod = manifest({ with: { env: { PRICE: "$(DB_PASSWORD) costs $5, $$10" } } });
  expect(valueOf(pod, "PRICE")).toBe("$$(DB_PASSWORD) costs $$5, $$$$10");
});

test("secret:<name>/<key> in env is a reference, too; anything else is text", () => {
  const pod = manifest({ with: { env: { A: "secret:db/pass-word", B: "secret: none" } } });
  expect(envOf(pod)).toContainEqual({
    name: "A",
    valueFrom: { secretKeyRef: { name: "db", key: "pass-word" } },
  });
  expect(valueOf(pod, "B")).toBe("secret: none");
});

test("without a trace there is no TRACEPARENT; a mapped task knows its index", () => {
  const pod = manifest({
    note: { mapIndex: 7 },
    traceparent: undefined,
    childTraceparent: undefined,
  });
  expect(valueOf(pod, "TRACEPARENT")).toBeUndefined();
  expect(pod.metadata.annotations).not.toHaveProperty([ANNOTATIONS.traceparent]);
  expect(valueOf(pod, "CHASQUI_MAP_INDEX")).toBe("7");
});

test.each([
  ["plain", "plain"],
  ["_under_", "under"],
  ["a b/c", "a-b-c"],
  ["x".repeat(80), "x".repeat(63)],
  [`${"x".repeat(62)}--y`, "x".repeat(62)],
  ["--", ""],
])("as a label, %j is %j", (text, value) => {
  expect(labelValue(text)).toBe(value);
});
