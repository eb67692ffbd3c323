// Every policy asked about a compiled DAG. Pure and total: a rule that cannot be judged counts as broken, so that no
// mistake in a rule lets a DAG through.
import type { JsonObject } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import { scopeOf } from "../cel/scope.ts";
import type { Scope } from "../cel/scope.ts";
import { renderValue } from "../cel/template.ts";
import { limits } from "../limits.ts";
import type { Position, Problem } from "../problem.ts";
import { quote } from "../text/suggest.ts";
import type { Path, Source } from "../yaml/source.ts";
import { severityIn } from "./policy.ts";
import type { Policy, Severity } from "./policy.ts";
import { viewOf } from "./view.ts";

/** What the rules may depend on beside the DAG. */
export interface PolicyContext {
  readonly environment: string;
  readonly vars: JsonObject;
}

export interface PolicyFinding {
  readonly policy: Policy;
  readonly severity: Severity;
  /** Into the DAG as its author writes it. */
  readonly path: Path;
  readonly message: string;
}

export function checkPolicies(
  spec: DagSpec,
  policies: readonly Policy[],
  { environment, vars }: PolicyContext,
): PolicyFinding[] {
  const asked = policies.flatMap((policy) => {
    const severity = severityIn(policy, environment);
    return severity === undefined ? [] : [{ policy, severity }];
  });
  if (asked.length === 0) return [];
  const findings: PolicyFinding[] = [];
  const view = viewOf(spec, vars);
  const shared = { vars, environment };
  const { tasks: _all, ...dag } = view.dag;
  const ask = (each: Policy["each"], scope: Scope, subject: string, base: Path): void => {
    for (const { policy, severity } of asked) {
      if (policy.each !== each || findings.length >= limits.problemsMax) continue;
      const broken = judge(policy, scope);
      if (broken === undefined) continue;
      const path = [...base, ...policy.at];
      findings.push({ policy, severity, path, message: `${subject}: ${broken}` });
    }
  };
  ask("dag", scopeOf({ ...shared, dag: view.dag }), `DAG ${quote(spec.id)}`, []);
  for (const [index, { id }] of spec.tasks.entries()) {
    const task = view.tasks[index];
    if (task === undefined) continue;
    ask("task", scopeOf({ ...shared, dag, task }), `task ${quote(id)}`, ["tasks", id]);
  }
  return findings;
}

/** What is wrong; undefined when the rule holds or is not asked here. */
function judge({ when, rule, message, about }: Policy, scope: Scope): string | undefined {
  const asked = when?.evaluate(scope);
  if (asked?.ok === false) return `it cannot be judged: ${asked.message}`;
  if (asked?.value === false) return undefined;
  const holds = rule.evaluate(scope);
  if (!holds.ok) return `it cannot be judged: ${holds.message}`;
  if (holds.value) return undefined;
  const said = message === "" ? undefined : renderValue(message, scope);
  return said?.ok === true ? String(said.value) : `wanted: ${about}`;
}

/** A finding as a problem of the DAG's file, at the field or at the nearest thing that is there. */
export function problemOf(
  { policy, severity, path, message }: PolicyFinding,
  source: Source,
): Problem {
  return {
    ...locateProblem(source, path),
    message,
    severity: severity === "deny" ? "error" : "warning",
    policy: { id: policy.id, rule: policy.rule.text, place: policy.place },
  };
}

/** The place of the value, when it is there; else the key of what is around it. */
export const locateProblem = (source: Source, path: Path): Pick<Problem, "file"> & Position => ({
  file: source.file,
  ...source.locate(path, isThere(source, path) ? "value" : "key"),
});

function isThere({ value }: Source, path: Path): boolean {
  let found: unknown = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return false;
    found = Reflect.get(found, step);
  }
  return true;
}
