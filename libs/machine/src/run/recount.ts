// Everything that follows from the slots' statuses alone, counted anew: after a clear, and when rows are read.
import { noCounts } from "./rules.ts";
import { becomeReady } from "./ready.ts";
import { open, summaryOf } from "./mapping.ts";
import { setStatus } from "./set-status.ts";
import type { Mapping, RunState, TaskStatus } from "./state.ts";
import { isActive, isFinalTask } from "./state.ts";
import { addOutcome, downstreamOf, upstreamTotalOf } from "./upstream.ts";

export function recount(draft: RunState): void {
  for (const [mapper, mapping] of draft.maps) recountMapping(draft, mapper, mapping);
  draft.unfinished = draft.tasks.filter(({ status }) => !isFinalTask(status)).length;
  draft.active = draft.tasks.filter(isActive).length;
  recountUpstream(draft);
  draft.ready.length = 0;
  for (const mapper of draft.maps.keys()) open(draft, mapper);
  for (const slot of draft.plan.tasks.keys()) becomeReady(draft, slot);
}

function recountUpstream(draft: RunState): void {
  for (const task of draft.tasks) {
    Object.assign(task.upstream, noCounts());
    task.upstreamTotal = upstreamTotalOf(draft, task);
  }
  for (const task of draft.tasks) {
    if (!isFinalTask(task.status)) continue;
    for (const next of downstreamOf(draft, task)) {
      const downstream = draft.tasks[next];
      if (downstream !== undefined) addOutcome(downstream, task.status);
    }
  }
}

function recountMapping(draft: RunState, mapper: number, mapping: Mapping): void {
  const members = draft.plan.tasks[mapper]?.map?.members ?? [];
  const items = draft.tasks[mapper]?.items;
  mapping.count = items?.length ?? 0;
  mapping.leftOf = Array.from({ length: mapping.count }, () => 0);
  mapping.pending = members.map(() => 0);
  for (const [member, slots] of mapping.slots.entries())
    for (const [index, slot] of slots.entries()) {
      if (index >= mapping.count || isFinalTask(draft.tasks[slot]?.status ?? "removed")) continue;
      mapping.leftOf[index] = (mapping.leftOf[index] ?? 0) + 1;
      mapping.pending[member] = (mapping.pending[member] ?? 0) + 1;
    }
  for (const plan of new Set([mapper, ...members])) {
    const frame = draft.tasks[plan];
    if (frame !== undefined) frame.isFrame = items !== undefined;
  }
  if (items !== undefined) reviveFrames(draft, mapper, mapping, members);
}

/** A frame with an unfinished instance is unfinished, too; every other one is the summary of its instances now. */
function reviveFrames(
  draft: RunState,
  mapper: number,
  mapping: Mapping,
  members: readonly number[],
): void {
  for (const [member, plan] of members.entries()) {
    const statuses = (mapping.slots[member] ?? []).map((slot) => statusAt(draft, slot));
    setFrame(draft, plan, (mapping.pending[member] ?? 0) > 0 ? "running" : summaryOf(statuses));
  }
  if (members.includes(mapper)) return;
  const isDone = mapping.pending.every((left) => left === 0);
  const statuses = members.map((plan) => statusAt(draft, plan));
  setFrame(draft, mapper, isDone ? summaryOf(statuses) : "running");
}

const statusAt = (draft: RunState, slot: number): TaskStatus =>
  draft.tasks[slot]?.status ?? "removed";

function setFrame(draft: RunState, plan: number, status: TaskStatus): void {
  const frame = draft.tasks[plan];
  if (frame === undefined || frame.status === status) return;
  frame.endedMs = isFinalTask(status) ? draft.lastMs : undefined;
  setStatus(draft, plan, status);
}
