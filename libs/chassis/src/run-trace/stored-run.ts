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
      ...fieldsOf(data, ["t", "state", "reason"], isText),
      ...fieldsOf(data, ["i", "a", "acceptedMs", "startedMs"], isNumber),
      ...(failure === undefined
        ? {}
        : {
            failure: {
              class: "unknown",
              message: "",
              ...fieldsOf(failure, ["class", "message"], isText),
            },
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

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";

/** Those of the fields that are there, and are what they should be. */
function fieldsOf<Name extends string, Value>(
  data: JsonObject,
  names: readonly Name[],
  isWanted: (value: unknown) => value is Value,
): { [N in Name]?: Value } {
  const found: { [N in Name]?: Value } = {};
  for (const name of names) {
    const value: unknown = data[name];
    if (isWanted(value)) found[name] = value;
  }
  return found;
}

function timesIn(data: JsonObject): NonNullable<StoredEvent["event"]["times"]> {
  const names = ["acceptedMs", "startedMs", "endedMs"] as const;
  const { acceptedMs, startedMs, endedMs } = fieldsOf(data, names, isNumber);
  const end = endedMs ?? startedMs ?? acceptedMs ?? 0;
  return { acceptedMs: acceptedMs ?? end, startedMs: startedMs ?? end, endedMs: end };
}
