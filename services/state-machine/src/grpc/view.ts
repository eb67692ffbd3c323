// Rows as people see them: the protobuf Run and its tasks.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { RunSchema, TaskSchema } from "@chasqui/contracts";
import { TaskState, attemptIdOf } from "@chasqui/contracts";
import type { Failure } from "@chasqui/machine";
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
    version: row.version,
    reason: row.reason ?? "",
    tasks,
    ...given({
      params: isObject(row.params) ? (row.params as JsonObject) : undefined,
      logicalTime: time(row.logicalAt),
      createdTime: time(row.createdAt),
      startedTime: time(row.startedAt),
      settledTime: time(row.settledAt),
    }),
  };
}

/** The plan's tasks in its order; those without a row have not left `waiting`, or were cancelled with their run. */
export function taskViews(run: RunRecord, plan: Plan, rows: readonly TaskRecord[]): TaskInit[] {
  const byId = new Map(rows.map((row) => [row.taskId, row]));
  const isOver = run.settledAt !== null || run.state === "cancelling";
  return plan.tasks.map((planned): TaskInit => {
    const row = byId.get(planned.id);
    const fixed = {
      taskId: planned.id,
      mapIndex: -1,
      kind: planned.kind,
      needs: planned.needs.map((index) => plan.tasks[index]?.id ?? ""),
      attemptsMax: attemptsMaxOf(planned),
    };
    if (row === undefined)
      return { ...fixed, state: isOver ? TaskState.CANCELLED : TaskState.WAITING };
    return { ...fixed, ...rowView(row) };
  });
}

function rowView(row: TaskRecord): TaskInit {
  const { runId, taskId, mapIndex, attempt } = row;
  return {
    state: taskStates[row.state],
    attempt,
    attemptId: attempt === 0 ? "" : attemptIdOf({ runId, taskId, mapIndex, attempt }),
    outputJson: row.output === null ? "" : JSON.stringify(row.output),
    reason: row.reason ?? "",
    link: row.link ?? "",
    ...given({
      failure: row.failure === null ? undefined : wireFailureOf(row.failure as Failure),
      assignedTime: time(row.assignedAt),
      startedTime: time(row.startedAt),
      endedTime: time(row.endedAt),
      retryTime: row.state === "retrying" ? time(row.dueAt) : undefined,
    }),
  };
}
