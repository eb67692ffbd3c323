// An approval is carried out by its own run: the question goes there as a message, and so does its end when nobody wants
// the answer any more. Both have ids derived from the attempt.
import type { OutMessage } from "@chasqui/bus";
import { AttemptState, attemptIdOf } from "@chasqui/contracts";
import { slotNamed } from "@chasqui/machine";
import type { Question } from "@chasqui/machine";
import type { CachedRun } from "../core/aggregates.ts";
import { inboxMessage } from "./inbox-message.ts";
import type { Assigned, AttemptRef } from "./messages.ts";

export function openApproval(
  run: CachedRun,
  { task, planned, attempt }: Assigned,
  question: Question,
): OutMessage {
  const { runId } = run.meta;
  const ref = { taskId: planned.id, mapIndex: task.mapIndex };
  const { message, form, approvers, onReject, fallback = "", values } = question;
  const value = {
    ...{ runId, task: ref, attempt, message, onReject, fallback },
    formJson: form === undefined ? "" : JSON.stringify(form),
    approvers: [...approvers],
    valuesJson: JSON.stringify(values),
  };
  const id = `${attemptIdOf({ runId, ...ref, attempt })}:ask`;
  return inboxMessage("run", runId, id, { case: "openApproval", value });
}

/** Nothing is at work outside: a question that its run does not want answered any more has ended. */
export function withdrawn(run: CachedRun, ref: AttemptRef): OutMessage {
  const { runId } = run.meta;
  const { taskId, mapIndex, attempt } = ref;
  const task = run.state.tasks[slotNamed(run.state, taskId, mapIndex) ?? -1];
  const attemptId = attemptIdOf({ runId, taskId, mapIndex, attempt });
  const value = {
    ...{ attemptId, runId, taskId, mapIndex, attempt },
    sequence: (task?.sequence ?? 0) + 1,
    state: AttemptState.CANCELLED,
  };
  return inboxMessage("update", runId, `${attemptId}:withdrawn`, { case: "update", value });
}
