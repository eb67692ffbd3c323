// What the state machine says, by its own speakers: each message as its bytes, read again as the state machine reads it.
import { fromBinary } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { AssignmentSchema, attemptIdOf } from "../../libs/contracts/src/index.ts";
import { bundled } from "../../libs/bus/src/bundle.ts";
import type { OutMessage } from "../../libs/bus/src/index.ts";
import { CHILD_KIND } from "../../libs/machine/src/index.ts";
import type { RunEffect } from "../../libs/machine/src/index.ts";
import type { CachedRun } from "../../services/state-machine/src/core/aggregates.ts";
import { withdrawn } from "../../services/state-machine/src/say/approval-messages.ts";
import { childOf, startChild } from "../../services/state-machine/src/say/children.ts";
import { cancelOf, effectMessages } from "../../services/state-machine/src/say/messages.ts";
import { releaseSlots } from "../../services/state-machine/src/say/pool-messages.ts";
import { sayAssigned } from "../../services/state-machine/src/say/render.ts";
import { inboxMessage } from "../../services/state-machine/src/say/inbox-message.ts";
import { attemptNumberOf } from "./attempt-number.ts";
import type { ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Mutation } from "./mutations.ts";
import { taskAt } from "./task-at.ts";
import { STEP_MS } from "./time-scale.ts";

export interface Voice {
  readonly bus: ModelBus;
  readonly database: ModelDatabase;
  readonly mutation: Mutation;
  readonly nowMs: number;
  /** The sweeper's: tells apart what is said once more after a while. */
  readonly again?: string;
  /** What is to go out in one call; else each message is a call of its own. */
  readonly call?: OutMessage[];
}
export const environment = "simulated";
export const AGAIN_MS = 20 * STEP_MS;

/** The sweeper says a thing once in so long: the bus drops a copy of what it has seen. */
export const againAt = (nowMs: number): string => `:${Math.floor(nowMs / AGAIN_MS)}`;

export function sayEffect(voice: Voice, run: CachedRun, effect: RunEffect): void {
  const { bus, mutation, again = "" } = voice;
  if (effect.kind === "assign") {
    if (mutation === "child_started_unnamed") startUnnamed(voice, run, effect);
    return post(voice, assigned(voice, run, effect));
  }
  if (mutation === "settled_without_its_end" && effect.kind === "tell_dag")
    return settleWithoutEnd(voice, run);
  if (mutation === "settled_without_its_moment" && effect.kind === "tell_dag")
    return settleWithoutMoment(voice, run);
  if (effect.kind !== "cancel") {
    for (const message of effectMessages(run, effect)) post(voice, message);
    return;
  }
  if (mutation === "slots_back_at_cancel") giveSlotsBack(voice, run, effect);
  // Planted bug child_left_at_work: an attempt has ended when it is asked to, and its child is not.
  const isLeft = mutation === "child_left_at_work" && kindOf(run, effect.taskId) === CHILD_KIND;
  const message = isLeft ? withdrawn(run, effect) : cancelOf(run, effect, again);
  if (message !== undefined && "id" in message) return post(voice, message);
  const { taskId, mapIndex, attempt } = effect;
  bus.cancels.push({ runId: run.meta.runId, taskId, mapIndex, attempt });
}

const kindOf = ({ state: { plan } }: CachedRun, taskId: string): string | undefined =>
  plan.tasks[plan.indexOf.get(taskId) ?? -1]?.kind;

function assigned(
  { database, again = "" }: Voice,
  run: CachedRun,
  { slot, attempt }: Extract<RunEffect, { kind: "assign" }>,
): OutMessage | undefined {
  const task = run.state.tasks[slot];
  const planned = run.state.plan.tasks[task?.plan ?? -1];
  if (task === undefined || planned === undefined) return undefined;
  if (task.child !== undefined) return startChild(run, task, { again });
  const configJson = database.configOf(run.state.plan, planned.id);
  return sayAssigned(run, { task, planned, attempt }, { configJson, environment });
}

/** Within a call, or as one. */
export function post(voice: Voice, message: OutMessage | undefined): void {
  if (message === undefined) return;
  if (voice.call === undefined) publish(voice, [message]);
  else voice.call.push(message);
}

/** One call to the bus. `part`: how much of it is stored before its sender dies. */
export function publish(voice: Voice, said: readonly OutMessage[], part = 1): void {
  const sent = bundled(said)?.messages ?? said;
  for (const message of sent.slice(0, Math.ceil(part * sent.length))) store(voice, message);
}

/** In the stream that its subject is of; public events have no listener here. */
function store({ bus, mutation, nowMs }: Voice, message: OutMessage): void {
  const { subject, data } = message;
  if (subject.startsWith("chasqui.inbox.")) return bus.inbox.store(message, nowMs);
  if (!subject.startsWith("chasqui.task.")) return;
  const { runId, taskId, mapIndex, attempt, assignedMs } = fromBinary(AssignmentSchema, data);
  const number = attemptNumberOf(attempt, mutation);
  const known = attemptIdOf({ runId, taskId, mapIndex, attempt: number });
  const decidedMs = mutation === "assignment_young_again" ? nowMs : assignedMs;
  bus.tasks.publish(known, { runId, taskId, mapIndex, attempt }, nowMs, decidedMs);
}

/** Planted bug: an attempt that is asked to end gives its slots back before it is seen gone. */
function giveSlotsBack(
  voice: Voice,
  run: CachedRun,
  effect: Extract<RunEffect, { kind: "cancel" }>,
): void {
  for (const { pool } of taskAt(run.state, effect)?.claims ?? [])
    post(voice, releaseSlots(run.meta.runId, { ...effect, pool }));
}

/** Planted bug: a child is asked for before its parent's history names it. */
function startUnnamed(
  { database, ...voice }: Voice,
  run: CachedRun,
  { slot, attempt }: Extract<RunEffect, { kind: "assign" }>,
): void {
  const task = run.state.tasks[slot];
  const planned = run.state.plan.tasks[task?.plan ?? -1];
  if (task === undefined || planned?.kind !== CHILD_KIND || task.child !== undefined) return;
  const ref = { taskId: planned.id, mapIndex: task.mapIndex, attempt };
  const config = JSON.parse(database.configOf(run.state.plan, planned.id)) as JsonValue;
  const child = childOf(run, ref, config);
  if (child.ok) post({ database, ...voice }, startChild(run, { ...task, child: child.value }, {}));
}

/** Planted bug: the DAG hears that a run has settled, and not how. */
function settleWithoutEnd(voice: Voice, { meta: { runId, dagId } }: CachedRun): void {
  const value = { dagId, runId, settledMs: voice.nowMs };
  post(voice, inboxMessage("dag", dagId, `settled:${runId}`, { case: "settleRun", value }));
}

/** Planted bug: the end of a run is taken for its last one, whenever it is heard. */
function settleWithoutMoment(voice: Voice, { state, meta }: CachedRun): void {
  const { runId, dagId } = meta;
  const value = { dagId, runId, settledMs: 8e15 };
  const id = `settled:${runId}:${state.settledMs}`;
  post(voice, inboxMessage("dag", dagId, id, { case: "settleRun", value }));
}
