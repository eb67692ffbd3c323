// Instances of what is mapped: where they are, how many are left, and which indexes may begin.
// A mapping is made from the items of its mapper and the slots alone, so it is never stored.
import { outlivesCancel } from "../plan.ts";
import type { PlanTask } from "../plan.ts";
import type { Mapping, RunState, TaskState, TaskStatus } from "./state.ts";
import { isFinalTask } from "./state.ts";
import { newTask } from "./new-task.ts";
import { countUpstream, upstreamTotalOf } from "./upstream.ts";
import { becomeReady } from "./ready.ts";
import { setStatus } from "./set-status.ts";

/** The mapping of a mapper, made if there is none. */
function mappingOf(draft: RunState, mapper: number): Mapping {
  const known = draft.maps.get(mapper);
  if (known !== undefined) return known;
  const members = draft.plan.tasks[mapper]?.map?.members ?? [];
  const made: Mapping = {
    count: 0,
    slots: members.map(() => []),
    opened: [],
    firstClosed: 0,
    open: 0,
    leftOf: [],
    pending: members.map(() => 0),
  };
  draft.maps.set(mapper, made);
  return made;
}

/** Makes sure that instances exist up to `count`; new ones wait. */
export function growTo(draft: RunState, mapper: number, count: number): Mapping {
  const mapping = mappingOf(draft, mapper);
  const members = draft.plan.tasks[mapper]?.map?.members ?? [];
  for (const [member, plan] of members.entries()) {
    const slots = mapping.slots[member];
    for (let index = slots?.length ?? 0; index < count; index++) {
      const task = newTask(plan, index);
      task.upstreamTotal = upstreamTotalOf(draft, task);
      slots?.push(draft.tasks.length);
      draft.tasks.push(task);
      draft.unfinished += 1;
    }
  }
  return mapping;
}

/** The items are known: every instance is there, those of a longer list before are removed, the first begin. */
export function expand(draft: RunState, mapper: number, count: number): void {
  const mapping = growTo(draft, mapper, count);
  const members = draft.plan.tasks[mapper]?.map?.members ?? [];
  mapping.count = count;
  mapping.leftOf = Array.from({ length: count }, () => members.length);
  for (const [member, plan] of members.entries()) {
    const slots = mapping.slots[member] ?? [];
    mapping.pending[member] = count;
    const frame = draft.tasks[plan];
    if (frame !== undefined) {
      frame.isFrame = true;
      setStatus(draft, plan, "running");
    }
    for (const [index, slot] of slots.entries()) {
      const isIn = index < count;
      if (draft.tasks[slot]?.status === "removed" && isIn) setStatus(draft, slot, "waiting");
      if (!isIn) setStatus(draft, slot, "removed");
    }
    countInstances(draft, mapper, plan, slots);
  }
  open(draft, mapper);
}

/** Who has begun, and may be ending for a clear, is open; then more, up to the limit. */
export function open(draft: RunState, mapper: number): void {
  const mapping = draft.maps.get(mapper);
  if (mapping === undefined) return;
  const begun = begunOf(draft, mapper);
  mapping.opened = begun.slice();
  mapping.firstClosed = 0;
  mapping.open = begun.filter((has, index) => has && (mapping.leftOf[index] ?? 0) > 0).length;
  for (const [index, has] of begun.entries())
    if (has || draft.status === "cancelling")
      for (const slots of mapping.slots) becomeReady(draft, slots[index]);
  openNext(draft, mapper);
}

/** Outside of the mapping its tasks count once per instance. */
function countInstances(
  draft: RunState,
  mapper: number,
  plan: number,
  slots: readonly number[],
): void {
  for (const next of draft.plan.tasks[plan]?.next ?? []) {
    if (draft.plan.tasks[next]?.mapper === mapper) continue;
    const downstream = draft.tasks[next];
    if (downstream !== undefined) downstream.upstreamTotal += slots.length - 1;
    for (const slot of slots)
      if (draft.tasks[slot]?.status === "removed") countUpstream(draft, next, "removed");
  }
}

/** Which indexes have begun: something happened to one of their slots. */
export function begunOf(draft: RunState, mapper: number): boolean[] {
  const mapping = draft.maps.get(mapper);
  return Array.from({ length: mapping?.count ?? 0 }, (_, index) =>
    (mapping?.slots ?? []).some((slots) => draft.tasks[slots[index] ?? -1]?.status !== "waiting"),
  );
}

/** In a cancelled run only what outlives the cancel goes on. */
function mayOpen(draft: RunState, mapper: number): boolean {
  if (draft.status === "running") return true;
  const planned = draft.plan.tasks[mapper];
  return draft.status === "cancelling" && planned !== undefined && outlivesCancel(planned);
}

/** Opens indexes while the mapping's own limit allows. Costs what it opens: an instance that ends looks at no others. */
export function openNext(draft: RunState, mapper: number): void {
  const mapping = draft.maps.get(mapper);
  const map = draft.plan.tasks[mapper]?.map;
  if (mapping === undefined || map === undefined || !mayOpen(draft, mapper)) return;
  const max = map.parallel === 0 ? Infinity : map.parallel;
  for (; mapping.firstClosed < mapping.count; mapping.firstClosed++) {
    const index = mapping.firstClosed;
    if (mapping.opened[index] === true) continue;
    if (mapping.open >= max) return;
    mapping.opened[index] = true;
    if (mapping.leftOf[index] === 0) continue;
    mapping.open += 1;
    for (const slots of mapping.slots) becomeReady(draft, slots[index]);
  }
}

/** One instance ended: maybe its index is done, its member, or all of it. */
export function instanceEnded(draft: RunState, planned: PlanTask, task: TaskState): void {
  const { mapper } = planned;
  const mapping = mapper === undefined ? undefined : draft.maps.get(mapper);
  if (mapper === undefined || mapping === undefined) return;
  if (task.mapIndex < 0 || task.mapIndex >= mapping.count) return;
  const left = (mapping.leftOf[task.mapIndex] ?? 0) - 1;
  mapping.leftOf[task.mapIndex] = left;
  const pending = (mapping.pending[planned.member] ?? 0) - 1;
  mapping.pending[planned.member] = pending;
  if (left === 0 && mapping.opened[task.mapIndex] === true) {
    mapping.open -= 1;
    openNext(draft, mapper);
  }
  if (pending === 0) endFrames(draft, mapper, mapping);
}

/** A frame whose instances have all ended ends as their summary. */
function endFrames(draft: RunState, mapper: number, mapping: Mapping): void {
  const members = draft.plan.tasks[mapper]?.map?.members ?? [];
  for (const [member, plan] of members.entries()) {
    if (mapping.pending[member] !== 0 || isFinalTask(draft.tasks[plan]?.status ?? "failed"))
      continue;
    const slots = mapping.slots[member] ?? [];
    endFrame(draft, plan, summaryOf(slots.map((slot) => draft.tasks[slot]?.status ?? "removed")));
  }
  if (members.includes(mapper) || mapping.pending.some((left) => left > 0)) return;
  if (isFinalTask(draft.tasks[mapper]?.status ?? "failed")) return;
  endFrame(draft, mapper, summaryOf(members.map((plan) => draft.tasks[plan]?.status ?? "removed")));
}

function endFrame(draft: RunState, plan: number, status: TaskStatus): void {
  const frame = draft.tasks[plan];
  if (frame !== undefined) frame.endedMs = draft.lastMs;
  setStatus(draft, plan, status);
}

/** What many are together: the worst of them; skipped only if nothing was done. */
export function summaryOf(statuses: readonly TaskStatus[]): TaskStatus {
  const worst = (["failed", "upstream_failed", "cancelled", "succeeded"] as const).find((status) =>
    statuses.includes(status),
  );
  return worst ?? "skipped";
}
