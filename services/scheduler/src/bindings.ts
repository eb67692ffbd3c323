// A DAG's `triggers`, their expressions compiled once: what core/triggers.ts decides with.
// Loaded with the first trigger that is read: the expression language is a good part of this process's memory.
import { compileCondition, createScope, renderValue } from "@chasqui/dag";
import type { Scope } from "@chasqui/dag";
import type { KnownDag } from "./core/learn.ts";
import { eventOf } from "./core/triggers.ts";
import type { Binding, BoundDag, Evaluated, Trigger } from "./core/triggers.ts";

export function bindingsOf(dag: KnownDag): BoundDag {
  const { timezone } = dag;
  const scopeOf = (trigger: Trigger): Scope =>
    createScope({
      run: { dagId: dag.dagId, logicalMs: trigger.timeMs, timezone },
      event: eventOf(trigger),
    });
  const bindings = dag.triggers.map(({ subject, when, key }): Binding => {
    const condition = when === "" ? undefined : compileCondition(when);
    return {
      subject,
      when: (trigger) => {
        const result = condition?.evaluate(scopeOf(trigger)) ?? { ok: true, value: true };
        return result.ok ? result : { ok: false, reason: result.message };
      },
      key: (trigger) => (key === "" ? identityOf(trigger) : renderKey(key, scopeOf(trigger))),
    };
  });
  return { dagId: dag.dagId, bindings };
}

/** Without a `key` each trigger is a run of its own. */
const identityOf = ({ source, id }: Trigger): Evaluated<string> => ({
  ok: true,
  value: `${source}/${id}`,
});

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
