// Runs of other DAGs that tasks want: what their run, the child's DAG, the child and the waiting task say to each other.
//   1. The parent to itself: NameChild, which run an attempt wants. From then on that is known, whatever is lost.
//   2. The parent to the child's DAG: StartRun, with whom to answer. Asked to end: the same, unwanted.
//   3. The DAG to a run that exists: JoinRun. To a task that cannot have its run: a failure.
//   4. The child to the waiting task: what a runner would say.
// Each has a derived id, and each is said again while its sender's rows want it.
import type { JsonValue, MessageInitShape } from "@bufbuild/protobuf";
import type { OutMessage } from "@chasqui/bus";
import { spanIds } from "@chasqui/chassis";
import { RunCauseKind, attemptIdOf, runIdOf, updateIdOf } from "@chasqui/contracts";
import type { AttemptUpdateSchema, ParentRefSchema } from "@chasqui/contracts";
import { childRequestOf } from "@chasqui/dag";
import { DEPTH_MAX, answerTo, labelOf, parentOf, slotNamed } from "@chasqui/machine";
import type { AttemptReport, Child, Evaluated, Failure, Parent, TaskState } from "@chasqui/machine";
import type { CachedRun } from "../core/aggregates.ts";
import type { Inbound } from "../core/inbound.ts";
import { wireFailureOf } from "./events.ts";
import { inboxMessage } from "./inbox-message.ts";
import type { AttemptRef } from "./messages.ts";
import { attemptStates } from "./enums.ts";
import { traceparentOf } from "./traces.ts";

const OWN_KEY_CHARS_MAX = 200;

/** The run that an attempt wants, of its rendered configuration. */
export function childOf(run: CachedRun, ref: AttemptRef, config: JsonValue): Evaluated<Child> {
  const request = childRequestOf(config);
  if (!request.ok) return request;
  const { dag: dagId, params = {}, key = ownKey(run, ref), wait = true } = request.value;
  const { allowed = ["succeeded"] } = request.value;
  const child = { runId: runIdOf(dagId, key), dagId, key, params, wait, allowed };
  if (parentOf(run.state, ref, { attempt: ref.attempt, child }) === undefined)
    return {
      ok: false,
      message: `run ${run.meta.runId} is ${DEPTH_MAX} runs below the first: want at most ${DEPTH_MAX}; do these DAGs start each other?`,
    };
  return { ok: true, value: child };
}

const labelOfRef = ({ taskId, mapIndex }: Omit<AttemptRef, "attempt">): string =>
  labelOf(mapIndex < 0 ? { t: taskId } : { t: taskId, i: mapIndex });

/** One run for each attempt: the parent's name is in its key, as long as that can be read. */
function ownKey({ meta }: CachedRun, ref: AttemptRef): string {
  const key = `${meta.dagId}/${meta.key}/${labelOfRef(ref)}#${ref.attempt}`;
  return key.length > OWN_KEY_CHARS_MAX ? attemptIdOf({ runId: meta.runId, ...ref }) : key;
}

export function nameChild(run: CachedRun, ref: AttemptRef, child: Child): OutMessage {
  const { runId } = run.meta;
  const { attempt } = ref;
  const { allowed, params, ...names } = child;
  const wire = { ...names, allowed: [...allowed], paramsJson: JSON.stringify(params) };
  const value = { runId, task: taskRefOf(ref), attempt, child: wire };
  const id = `${attemptIdOf({ runId, ...ref })}:child`;
  return inboxMessage("run", runId, id, { case: "nameChild", value });
}

const taskRefOf = ({ taskId, mapIndex }: Omit<AttemptRef, "attempt">) => ({ taskId, mapIndex });

/** To the child's DAG. `unwanted`: why not any more; `again` tells apart what is said once more after a while. */
export function startChild(
  run: CachedRun,
  task: TaskState,
  {
    again = "",
    unwanted = "",
    now = false,
  }: { readonly again?: string; readonly unwanted?: string; readonly now?: boolean },
): OutMessage | undefined {
  const { meta, state } = run;
  const { child, attempt, mapIndex } = task;
  const taskId = state.plan.tasks[task.plan]?.id;
  if (child === undefined || taskId === undefined) return undefined;
  const ref = { taskId, mapIndex, attempt };
  const parent = parentOf(state, ref, { attempt, child });
  if (parent === undefined) return undefined;
  const attemptId = attemptIdOf({ runId: meta.runId, ...ref });
  const traceparent = traceparentOf(meta, () => spanIds.task(attemptId), mapIndex);
  const value = {
    dagId: child.dagId,
    key: child.key,
    logicalMs: meta.logicalMs,
    intervalStartMs: meta.interval.startMs,
    intervalEndMs: meta.interval.endMs,
    causeKind: RunCauseKind.PARENT,
    by: `${meta.dagId}/${labelOfRef(ref)}`,
    paramsJson: JSON.stringify(child.params),
    traceparent,
    requestedMs: task.acceptedMs ?? 0,
    parent: parentRefOf(parent),
    unwanted,
    now,
  };
  const why = unwanted === "" ? "" : `:unwanted${now ? ":now" : ""}`;
  const id = `start:${attemptId}${why}${again}`;
  return inboxMessage("dag", child.dagId, id, { case: "startRun", value }, { traceparent });
}

const parentRefOf = (parent: Parent): MessageInitShape<typeof ParentRefSchema> => {
  const { runId, dagId, attempt, wait, allowed, depth, waiting } = parent;
  return {
    ...{ runId, dagId, task: taskRefOf(parent), attempt, wait, depth },
    ...{ allowed: [...allowed], waiting: [...waiting] },
  };
};

/** An attempt is asked to end: so is its child. Whoever named none has none, and names none any more. */
export function leaveChild(
  run: CachedRun,
  ref: AttemptRef & { readonly reason: string },
  again: string,
): OutMessage | undefined {
  const task = run.state.tasks[slotNamed(run.state, ref.taskId, ref.mapIndex) ?? -1];
  if (task === undefined || task.attempt !== ref.attempt) return undefined;
  const { child, cancelNow: now } = task;
  if (child !== undefined) return startChild(run, task, { again, unwanted: ref.reason, now });
  return updateOf({ runId: run.meta.runId, ...ref }, 2, { state: "cancelled" });
}

/** To the task that waits for this run: how it stands. */
export function tellParent(run: CachedRun, parent: Parent): OutMessage[] {
  const answer = answerTo(run.state, parent);
  return answer === undefined ? [] : [updateOf(parent, answer.sequence, answer.report)];
}

/**
 * What a message that is about a child causes beside the decision: the run exists, so the task joins it; or the task
 * cannot have it.
 */
export function answersToParent(
  { id, body }: Inbound,
  outcome: "moved" | "nothing" | "rejected" | "threw",
  dead: string | undefined,
): OutMessage[] {
  if (body.to === "run" && dead !== undefined) {
    const { message, runId } = body;
    if (message.kind === "joined") return [refusal(message.parent, outcome, dead)];
    return message.kind === "child_named" ? [refusal({ runId, ...message }, outcome, dead)] : [];
  }
  if (body.to !== "dag" || body.kind !== "start") return [];
  const { parent, runId, unwanted = "", now = false } = body.start;
  if (parent === undefined) return [];
  if (dead !== undefined) return [refusal(parent, outcome, dead)];
  if (outcome !== "nothing") return [];
  const value = { runId, parent: parentRefOf(parent), unwanted, now };
  return [inboxMessage("run", runId, `${id}:join`, { case: "joinRun", value })];
}

/** It is the waiting task's failure, and said to that. */
export const isToldToParent = ({ body }: Inbound, outcome: string): boolean =>
  outcome === "rejected" &&
  ((body.to === "dag" && body.kind === "start" && body.start.parent !== undefined) ||
    (body.to === "run" && body.message.kind === "joined"));

function refusal(
  to: AttemptRef & { readonly runId: string },
  outcome: string,
  why: string,
): OutMessage {
  const failure: Failure =
    outcome === "rejected"
      ? { class: "config", message: why }
      : { class: "unknown", message: `the run that it wants could not be decided: ${why}` };
  return updateOf(to, 2, { state: "failed", failure });
}

function updateOf(
  to: AttemptRef & { readonly runId: string },
  sequence: number,
  report: AttemptReport,
): OutMessage {
  const { runId, taskId, mapIndex, attempt } = to;
  const attemptId = attemptIdOf({ runId, taskId, mapIndex, attempt });
  const value: MessageInitShape<typeof AttemptUpdateSchema> = {
    ...{ attemptId, runId, taskId, mapIndex, attempt, sequence },
    state: attemptStates[report.state],
    ...(report.state === "failed" ? { failure: wireFailureOf(report.failure) } : {}),
    ...(report.state === "succeeded" ? { outputJson: JSON.stringify(report.output ?? null) } : {}),
  };
  return inboxMessage("update", runId, updateIdOf(attemptId, sequence), { case: "update", value });
}
