// Rows as people see them: the protobuf Run and its tasks.
import type { JsonObject, JsonValue, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { RunSchema, TaskSchema } from "@chasqui/contracts";
import { attemptIdOf } from "@chasqui/contracts";
import { sortKeys } from "@chasqui/dag";
import type { Child, Failure, Parent } from "@chasqui/machine";
import { attemptsMaxOf } from "@chasqui/machine";
import type { Plan } from "@chasqui/machine";
import { causeKinds, runStates, taskStates } from "../say/enums.ts";
import { isObject, wireFailureOf } from "../say/events.ts";
import type { run as runTable, task as taskTable } from "../store/schema.ts";

export type RunRecord = typeof runTable.$inferSelect;
export type TaskRecord = typeof taskTable.$inferSelect;
type RunInit = MessageInitShape<typeof RunSchema>;
type TaskInit = MessageInitShape<typeof TaskSchema>;

const time = (at: Date | null) => (at === null ? undefined : timestampFromMs(at.getTime()));
/** Leaves out what is not there: with exact optional types, undefined is not absent. */
const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

export function runView(row: RunRecord, tasks: TaskInit[] = []): RunInit {
  const event = isObject(row.event) ? (row.event as JsonObject) : undefined;
  return {
    runId: row.runId,
    dagId: row.dagId,
    dagVersion: row.dagNumber,
    state: runStates[row.state],
    key: row.key,
    cause: { kind: causeKinds[row.causeKind], by: row.causeBy, ...given({ event }) },
    traceId: row.traceId,
    traceparent: row.traceparent ?? "",
    version: row.version,
    reason: row.reason ?? "",
    rerunOf: row.rerunOf ?? "",
    tasks,
    ...given({
      parent: parentOf(row),
      params: isObject(row.params) ? (row.params as JsonObject) : undefined,
      logicalTime: time(row.logicalAt),
      intervalStartTime: time(row.intervalStartAt),
      intervalEndTime: time(row.intervalEndAt),
      createdTime: time(row.createdAt),
      startedTime: time(row.startedAt),
      settledTime: time(row.settledAt),
    }),
  };
}

/**
 * The plan's tasks in its order, each followed by its instances; those without a row have not left `waiting`, or were
 * cancelled with their run.
 */
export function taskViews(run: RunRecord, plan: Plan, rows: readonly TaskRecord[]): TaskInit[] {
  const byKey = new Map(rows.map((row) => [keyOf(row.taskId, row.mapIndex), row]));
  const unbegun = run.settledAt !== null || run.state === "cancelling" ? "cancelled" : "waiting";
  return plan.tasks.flatMap((planned): TaskInit[] => {
    const mapper = plan.tasks[planned.mapper ?? -1]?.id;
    const items = mapper === undefined ? [] : itemsOf(byKey.get(keyOf(mapper, -1)));
    const fixed = {
      taskId: planned.id,
      kind: planned.kind,
      needs: planned.needs.map((index) => plan.tasks[index]?.id ?? ""),
      attemptsMax: attemptsMaxOf(planned),
    };
    return [-1, ...items.keys()].map((mapIndex): TaskInit => {
      const row = byKey.get(keyOf(planned.id, mapIndex));
      if (row === undefined) return { ...fixed, mapIndex, state: taskStates[unbegun] };
      return { ...fixed, mapIndex, ...rowView(row) };
    });
  });
}

export const keyOf = (taskId: string, mapIndex: number): string => `${taskId} ${mapIndex}`;

/** What a task was mapped over; nothing before that. */
function itemsOf(row: TaskRecord | undefined): readonly unknown[] {
  const { items } = (row?.more ?? {}) as { items?: readonly unknown[] }; // written by encode.ts
  return items ?? [];
}

/** The task of another run that started it. */
function parentOf({ parents }: RunRecord): RunInit["parent"] {
  const started = ((parents ?? []) as readonly Parent[]).find((one) => one.started === true); // written by encode.ts
  if (started === undefined) return undefined;
  const { runId, dagId, taskId, mapIndex, attempt } = started;
  return { runId, dagId, taskId, mapIndex, attempt };
}

const childOf = ({ more }: TaskRecord): string =>
  ((more ?? {}) as { child?: Child }).child?.runId ?? ""; // written by encode.ts

function rowView(row: TaskRecord): TaskInit {
  const { runId, taskId, mapIndex, attempt } = row;
  return {
    state: taskStates[row.state],
    attempt,
    attemptId: attempt === 0 ? "" : attemptIdOf({ runId, taskId, mapIndex, attempt }),
    outputJson: outputJsonOf(row.output),
    reason: row.reason ?? "",
    link: row.link ?? "",
    childRunId: childOf(row),
    ...given({
      failure: row.failure === null ? undefined : wireFailureOf(row.failure as Failure),
      assignedTime: time(row.assignedAt),
      startedTime: time(row.startedAt),
      endedTime: time(row.endedAt),
      retryTime: row.state === "retrying" ? time(row.dueAt) : undefined,
    }),
  };
}

/** In one spelling: the column keeps another order of keys than the event that it was told by. */
const outputJsonOf = (output: unknown): string =>
  output === null ? "" : JSON.stringify(sortKeys(output as JsonValue)); // a jsonb column
