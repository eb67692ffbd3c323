// What something that happened means for each DAG, as one pure function.
// Invariants:
//   G1. Each DAG with a trigger that the event belongs to has exactly one verdict; without any the event is unbound.
//   G2. A DAG's first trigger with a leaf that holds takes the event; a condition that cannot be evaluated does not hold.
//   G3. Nothing of one DAG's triggers changes what becomes of another's.
import { triggerMessageIdOf } from "@chasqui/contracts";
import { belongs } from "./rules.ts";
import type { Leaf, TriggerRule } from "./rules.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Trigger {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  /** What follows chasqui.trigger. in the subject; of Chasqui's own events the whole subject. */
  readonly path: string;
  /** When it happened; when it was read, if it does not say. */
  readonly timeMs: number;
  /** The instant that a run started by it is about. */
  readonly logicalMs: number;
  readonly data: { [key: string]: Json };
  readonly about: About;
}

/** Whose event it is: another service's, or what Chasqui itself says of a run or an asset. */
export type About =
  | { readonly kind: "event" }
  | { readonly kind: "dag"; readonly dagId: string; readonly state: string }
  | { readonly kind: "asset"; readonly name: string };

/** What expressions see as `event`. */
export function eventOf(trigger: Trigger): { [key: string]: Json } {
  return {
    id: trigger.id,
    source: trigger.source,
    type: trigger.type,
    subject: trigger.path,
    time: new Date(trigger.timeMs).toISOString(),
    data: trigger.data,
  };
}

export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** One event for a run, as it is kept. */
export interface RunEvent {
  readonly event: { [key: string]: Json };
  readonly logicalMs: number;
}

/** A DAG's trigger, its expressions ready to be evaluated. */
export interface BoundRule {
  readonly rule: TriggerRule;
  readonly leaves: readonly { readonly leaf: Leaf; when(trigger: Trigger): Evaluated<boolean> }[];
  /** Does a run want more than one event, or wait for more? */
  readonly collects: boolean;
  key(trigger: Trigger): Evaluated<string>;
  /** The run's parameters, checked against the DAG's schema. */
  params(events: readonly RunEvent[]): Evaluated<{ [name: string]: Json }>;
}

export interface BoundDag {
  readonly dagId: string;
  readonly rules: readonly BoundRule[];
}

export type TriggerVerdict = { readonly dagId: string } & Verdict;

type Verdict =
  | {
      readonly outcome: "start";
      readonly bound: BoundRule;
      readonly key: string;
      readonly params: { [name: string]: Json };
    }
  | {
      readonly outcome: "collect";
      readonly bound: BoundRule;
      /** Events with the same key are collected together; "" when the trigger has no key. */
      readonly key: string;
      /** Places of the leaves that it meets. */
      readonly leaves: readonly number[];
    }
  | { readonly outcome: "filtered" | "dead"; readonly reason: string };

export const RUN_KEY_LENGTH_MAX = 256;

/** One verdict per bound DAG; none at all means that the event is unbound. */
export function decideTrigger(trigger: Trigger, dags: readonly BoundDag[]): TriggerVerdict[] {
  return dags.flatMap(({ dagId, rules }): TriggerVerdict[] => {
    const verdict = verdictOf(trigger, rules);
    return verdict === undefined ? [] : [{ dagId, ...verdict }];
  });
}

function verdictOf(trigger: Trigger, rules: readonly BoundRule[]): Verdict | undefined {
  const reasons = new Set<string>();
  for (const bound of rules) {
    const leaves: number[] = [];
    for (const [place, { leaf, when }] of bound.leaves.entries()) {
      if (!belongs(trigger, leaf)) continue;
      const refused = refusal(trigger, leaf, when);
      if (refused === undefined) leaves.push(place);
      else reasons.add(refused);
    }
    if (leaves.length > 0) return taken(trigger, bound, leaves);
  }
  return reasons.size === 0 ? undefined : { outcome: "filtered", reason: [...reasons].join("; ") };
}

function refusal(
  trigger: Trigger,
  leaf: Leaf,
  when: (trigger: Trigger) => Evaluated<boolean>,
): string | undefined {
  const { about } = trigger;
  if (leaf.kind === "dag" && about.kind === "dag" && !leaf.states.includes(about.state))
    return `the run ${about.state}: want ${leaf.states.join(" or ")}`;
  const holds = when(trigger);
  if (!holds.ok) return `when: ${holds.reason}`;
  return holds.value ? undefined : "when is false";
}

function taken(trigger: Trigger, bound: BoundRule, leaves: readonly number[]): Verdict {
  const keyed = bound.rule.key !== "";
  const key = keyed ? checkedKey(bound.key(trigger)) : { ok: true as const, value: "" };
  if (!key.ok) return { outcome: "dead", reason: `key: ${key.reason}` };
  if (bound.collects) return { outcome: "collect", bound, key: key.value, leaves };
  const params = bound.params([runEventOf(trigger)]);
  if (!params.ok) return { outcome: "dead", reason: `params: ${params.reason}` };
  return {
    outcome: "start",
    bound,
    key: keyed ? key.value : identityKey(trigger),
    params: params.value,
  };
}

export const runEventOf = (trigger: Trigger): RunEvent => ({
  event: eventOf(trigger),
  logicalMs: trigger.logicalMs,
});

/** What a run keeps of its events: the one, or all of them. */
export function eventsAsOne(events: readonly RunEvent[]): { [name: string]: Json } {
  const [only] = events;
  return events.length === 1 && only !== undefined
    ? only.event
    : { events: events.map(({ event }) => event) };
}

/** Without a `key` each event is a run of its own, and the first of several names their run. */
export function identityKey({ source, id }: { source: string; id: string }): string {
  const key = `${source}/${id}`;
  return key.length <= RUN_KEY_LENGTH_MAX ? key : triggerMessageIdOf(source, id);
}

function checkedKey(key: Evaluated<string>): Evaluated<string> {
  if (!key.ok) return key;
  const { value } = key;
  if (value.length >= 1 && value.length <= RUN_KEY_LENGTH_MAX && !/\p{Cc}/u.test(value)) return key;
  return {
    ok: false,
    reason: `${JSON.stringify(value.slice(0, 80))} has ${value.length} characters: want 1 to ${RUN_KEY_LENGTH_MAX}, no control characters`,
  };
}
