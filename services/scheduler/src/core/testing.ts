// For the tests of the core: events and rules with only what matters said.
import type { Condition, TriggerRule } from "./rules.ts";
import type { BoundDag, BoundRule, Evaluated, Trigger } from "./triggers.ts";
import { leavesOf, wantsSeveral } from "./rules.ts";

export const ok = <T>(value: T): Evaluated<T> => ({ ok: true, value });
export const no = (reason: string): Evaluated<never> => ({ ok: false, reason });

export const trigger = (changes: Partial<Trigger> = {}): Trigger => ({
  source: "logistics",
  id: "7",
  type: "routes.closed",
  path: "logistics.routes.closed",
  timeMs: 1_000,
  logicalMs: 1_000,
  data: { country: "CO" },
  about: { kind: "event" },
  ...changes,
});

export const event = (subject: string): Condition => ({ kind: "event", subject, when: "" });
export const asset = (name: string): Condition => ({ kind: "asset", name });
export const dagEnd = (dagId: string, ...states: string[]): Condition => ({
  kind: "dag",
  dagId,
  states: states.length === 0 ? ["succeeded"] : states,
  when: "",
});
export const all = (...of: Condition[]): Condition => ({ kind: "all", of });
export const any = (...of: Condition[]): Condition => ({ kind: "any", of });

export const rule = (on: Condition, changes: Partial<TriggerRule> = {}): TriggerRule => ({
  id: `rule of ${JSON.stringify(on)}`,
  on,
  key: "",
  params: {},
  ...changes,
});

export interface BoundChanges extends Partial<Pick<BoundRule, "key" | "params">> {
  readonly when?: (leaf: number) => Evaluated<boolean>;
}

export const bound = (of: TriggerRule, changes: BoundChanges = {}): BoundRule => ({
  rule: of,
  leaves: leavesOf(of.on).map((leaf, place) => ({
    leaf,
    when: () => changes.when?.(place) ?? ok(true),
  })),
  collects: of.batch !== undefined || wantsSeveral(of.on),
  key: changes.key ?? (() => ok("2026-11-22")),
  params: changes.params ?? (() => ok({})),
});

export const dag = (dagId: string, ...rules: BoundRule[]): BoundDag => ({ dagId, rules });
