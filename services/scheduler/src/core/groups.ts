// Events that are collected for one run: batches, and conditions that want several things. Pure.
// Invariants (each has a property test of the same name):
//   C1. An event is in exactly one place: waiting, or in one run, or given up with a reason.
//   C2. A batch closes no later than its window after its first event, and never holds more than its limits.
//   C3. A condition's group closes with the event that satisfies it, never before.
//   C4. With a key, one group per key ever closes; who comes later joins its run.
import { isSatisfied, missingText } from "./rules.ts";
import type { TriggerRule } from "./rules.ts";

export interface Identity {
  readonly source: string;
  readonly id: string;
}

/** The events of one rule and key that wait for their run. */
export interface Group {
  readonly openedMs: number;
  /** When somebody must look at it, whatever comes. */
  readonly dueMs: number | undefined;
  /** Places of the leaves that were met. */
  readonly met: readonly number[];
  readonly count: number;
  readonly bytes: number;
  /** The first event: it names the run when there is no key. */
  readonly lead: Identity;
}

export interface Member extends Identity {
  readonly receivedMs: number;
  readonly leaves: readonly number[];
  readonly bytes: number;
}

/** All events of one run together, as JSON: a StartRun is one message on the bus. */
export const RUN_EVENTS_BYTES_MAX = 512 * 1024;
/** Events that one group may hold. */
export const GROUP_EVENTS_MAX = 1_000;

export type Collected =
  /** The run of this key was asked for before: the event asks again, and joins it. */
  | { readonly kind: "joins" }
  | { readonly kind: "waits"; readonly group: Group; readonly reason: string }
  /** The group's run starts now, the event in it. */
  | { readonly kind: "closes"; readonly group: Group }
  /** The group's run starts now; the event is too much for it and opens the next one. */
  | { readonly kind: "next"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** `closed`: the group of this key had its run already. A group that is due is dealt with first, by `whenDue`. */
export function collect(
  rule: TriggerRule,
  group: Group | "closed" | undefined,
  event: Member,
): Collected {
  if (group === "closed") return { kind: "joins" };
  if (group === undefined) return added(rule, undefined, event);
  const overflows =
    group.bytes + event.bytes > RUN_EVENTS_BYTES_MAX || group.count >= GROUP_EVENTS_MAX;
  if (!overflows) return added(rule, group, event);
  if (rule.batch !== undefined) return { kind: "next", reason: "the batch is full" };
  const helps = event.leaves.some((place) => !group.met.includes(place));
  if (helps) return added(rule, group, event);
  return {
    kind: "refused",
    reason: `${group.count} events wait already for ${missingText(rule.on, new Set(group.met))}`,
  };
}

function added(rule: TriggerRule, group: Group | undefined, event: Member): Collected {
  const openedMs = group?.openedMs ?? event.receivedMs;
  const met = new Set([...(group?.met ?? []), ...event.leaves]);
  const next: Group = {
    openedMs,
    dueMs: dueOf(rule, openedMs, event.receivedMs),
    met: [...met].sort((a, b) => a - b),
    count: (group?.count ?? 0) + 1,
    bytes: (group?.bytes ?? 0) + event.bytes,
    lead: group?.lead ?? { source: event.source, id: event.id },
  };
  if (rule.batch !== undefined)
    return next.count >= rule.batch.eventsMax
      ? { kind: "closes", group: next }
      : { kind: "waits", group: next, reason: waitText(rule, next) };
  return isSatisfied(rule.on, met)
    ? { kind: "closes", group: next }
    : { kind: "waits", group: next, reason: waitText(rule, next) };
}

function dueOf(rule: TriggerRule, openedMs: number, lastMs: number): number | undefined {
  const { batch, withinMs } = rule;
  if (batch === undefined) return withinMs === undefined ? undefined : openedMs + withinMs;
  const end = openedMs + batch.windowMs;
  return batch.quietMs === undefined ? end : Math.min(end, lastMs + batch.quietMs);
}

/** Why a group's events wait, for people. */
function waitText(rule: TriggerRule, { count, dueMs, met }: Group): string {
  const until = dueMs === undefined ? "" : ` until ${new Date(dueMs).toISOString()}`;
  if (rule.batch !== undefined) return `collected with others${until}: ${count} so far`;
  return `waits for ${missingText(rule.on, new Set(met))}${until}`;
}

export type Due =
  | { readonly kind: "closes" }
  /** These gave up; the others wait on. */
  | {
      readonly kind: "expires";
      readonly expired: readonly Member[];
      readonly reason: string;
      readonly left: (Group & { readonly reason: string }) | undefined;
    };

/** What becomes of a group whose time has come. */
export function whenDue(
  rule: TriggerRule,
  group: Group,
  members: readonly Member[],
  nowMs: number,
): Due {
  if (rule.batch !== undefined) return { kind: "closes" };
  const withinMs = rule.withinMs ?? Number.POSITIVE_INFINITY;
  const isOld = ({ receivedMs }: Member): boolean => receivedMs + withinMs <= nowMs;
  const missing = missingText(rule.on, new Set(group.met));
  return {
    kind: "expires",
    expired: members.filter(isOld),
    reason: `waited ${Math.round(withinMs / 1_000)} s in vain for ${missing}`,
    left: regrouped(
      rule,
      members.filter((member) => !isOld(member)),
    ),
  };
}

function regrouped(
  rule: TriggerRule,
  members: readonly Member[],
): (Group & { reason: string }) | undefined {
  const [first] = members.toSorted((a, b) => a.receivedMs - b.receivedMs);
  if (first === undefined) return undefined;
  const group: Group = {
    openedMs: first.receivedMs,
    dueMs: dueOf(rule, first.receivedMs, first.receivedMs),
    met: [...new Set(members.flatMap(({ leaves }) => leaves))].sort((a, b) => a - b),
    count: members.length,
    bytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
    lead: { source: first.source, id: first.id },
  };
  return { ...group, reason: waitText(rule, group) };
}
