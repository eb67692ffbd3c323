// A DAG's triggers, their expressions compiled once: what core/triggers.ts decides with.
// Loaded with the first event that is read: the expression language is a good part of this process's memory.
import { compileCondition, createScope, renderValue, resolveParams } from "@chasqui/dag";
import type { Scope } from "@chasqui/dag";
import type { JsonObject } from "@bufbuild/protobuf";
import type { KnownDag } from "./core/learn.ts";
import { leavesOf, wantsSeveral } from "./core/rules.ts";
import type { Leaf, TriggerRule } from "./core/rules.ts";
import { eventOf, eventsAsOne } from "./core/triggers.ts";
import type { BoundDag, BoundRule, Evaluated, Json, Trigger } from "./core/triggers.ts";

type Dag = Pick<KnownDag, "dagId" | "timezone" | "rules" | "params">;
type Vars = { readonly [name: string]: Json };

export function bindingsOf(dag: Dag, vars: Vars): BoundDag {
  return { dagId: dag.dagId, rules: dag.rules.map((rule) => boundRule(dag, rule, vars)) };
}

function boundRule(dag: Dag, rule: TriggerRule, vars: Vars): BoundRule {
  const { timezone } = dag;
  const scopeOf = (event: JsonObject, logicalMs: number): Scope =>
    createScope({ run: { dagId: dag.dagId, logicalMs, timezone }, event, vars });
  // Its condition and its key are asked one after the other, about the same event.
  const scopes = new WeakMap<Trigger, Scope>();
  function ofTrigger(trigger: Trigger): Scope {
    const scope = scopes.get(trigger) ?? scopeOf(eventOf(trigger), trigger.logicalMs);
    scopes.set(trigger, scope);
    return scope;
  }
  return {
    rule,
    leaves: leavesOf(rule.on).map((leaf) => ({ leaf, when: conditionOf(leaf, ofTrigger) })),
    collects: rule.batch !== undefined || wantsSeveral(rule.on),
    key: (trigger) => renderKey(rule.key, ofTrigger(trigger)),
    params(events) {
      const scope = scopeOf(eventsAsOne(events), events.at(-1)?.logicalMs ?? 0);
      const rendered = renderValue({ ...rule.params }, scope);
      if (!rendered.ok) return { ok: false, reason: rendered.message };
      const resolved = resolveParams(dag.params, asObject(rendered.value));
      return resolved.ok ? resolved : { ok: false, reason: resolved.message };
    },
  };
}

function conditionOf(leaf: Leaf, scopeOf: (trigger: Trigger) => Scope) {
  if (leaf.kind === "asset" || leaf.when === "")
    return (): Evaluated<boolean> => ({ ok: true, value: true });
  const condition = compileCondition(leaf.when);
  return (trigger: Trigger): Evaluated<boolean> => {
    const result = condition.evaluate(scopeOf(trigger));
    return result.ok ? result : { ok: false, reason: result.message };
  };
}

const asObject = (value: unknown): JsonObject =>
  typeof value === "object" && value !== null ? { ...value } : {};

function renderKey(template: string, scope: Scope): Evaluated<string> {
  const result = renderValue(template, scope);
  if (!result.ok) return { ok: false, reason: result.message };
  const { value } = result;
  if (typeof value === "string") return { ok: true, value };
  if (typeof value === "number" || typeof value === "boolean")
    return { ok: true, value: String(value) };
  return {
    ok: false,
    reason: `${template} gives ${JSON.stringify(value)}: want a text or a number`,
  };
}
