// A run and its history as their owner answers them, read once into what spans are made of.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { RunCauseKind } from "@chasqui/contracts";
import type { HistoryEntry, Run } from "@chasqui/contracts";
import type { StoredEvent, StoredRun } from "./history-spans.ts";
import type { Cause } from "./origin.ts";

const causeKinds: Readonly<Record<number, Cause["kind"]>> = {
  [RunCauseKind.SCHEDULE]: "schedule",
  [RunCauseKind.TRIGGER]: "trigger",
  [RunCauseKind.MANUAL]: "manual",
  [RunCauseKind.BACKFILL]: "backfill",
  [RunCauseKind.PARENT]: "parent",
};

export function storedRun(run: Run): StoredRun {
  const { runId, dagId, key, traceId, traceparent, reason, cause, parent, createdTime } = run;
  return {
    ...{ runId, dagId, key, traceId },
    createdMs: createdTime === undefined ? 0 : timestampMs(createdTime),
    traceparent: traceparent === "" ? undefined : traceparent,
    cause: { kind: causeKinds[cause?.kind ?? 0] ?? "unknown", by: cause?.by ?? "" },
    reason: reason === "" ? undefined : reason,
    parent,
    kinds: new Map(run.tasks.map((task) => [task.taskId, task.kind])),
  };
}

/** Of a run of other code than ours, what is not understood is left out. */
export function storedEvent({ version, time, cause, type, data = {} }: HistoryEntry): StoredEvent {
  const failure = objectIn(data, "failure");
  const times = objectIn(data, "times");
  return {
    version,
    cause,
    atMs: time === undefined ? 0 : timestampMs(time),
    event: {
      type,
      ...textsOf(data, ["t", "state", "reason"]),
      ...numbersOf(data, ["i", "a", "acceptedMs", "startedMs"]),
      ...(failure === undefined
        ? {}
        : {
            failure: { class: "unknown", message: "", ...textsOf(failure, ["class", "message"]) },
          }),
      ...(times === undefined ? {} : { times: timesIn(times) }),
    },
  };
}

/** The run of another DAG that the event names: a task of this run starts or joins it. */
export function childOf({ type, data = {} }: HistoryEntry): string | undefined {
  const runId = type === "child_named" ? objectIn(data, "child")?.["runId"] : undefined;
  return typeof runId === "string" ? runId : undefined;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const objectIn = (data: JsonObject, name: string): JsonObject | undefined =>
  isObject(data[name]) ? data[name] : undefined;

function textsOf<Name extends string>(
  data: JsonObject,
  names: readonly Name[],
): { [N in Name]?: string } {
  const found: { [N in Name]?: string } = {};
  for (const name of names) {
    const value = data[name];
    if (typeof value === "string") found[name] = value;
  }
  return found;
}

function numbersOf<Name extends string>(
  data: JsonObject,
  names: readonly Name[],
): { [N in Name]?: number } {
  const found: { [N in Name]?: number } = {};
  for (const name of names) {
    const value = data[name];
    if (typeof value === "number") found[name] = value;
  }
  return found;
}

function timesIn(data: JsonObject): NonNullable<StoredEvent["event"]["times"]> {
  const { acceptedMs, startedMs, endedMs } = numbersOf(data, [
    "acceptedMs",
    "startedMs",
    "endedMs",
  ]);
  const end = endedMs ?? startedMs ?? acceptedMs ?? 0;
  return { acceptedMs: acceptedMs ?? end, startedMs: startedMs ?? end, endedMs: end };
}
