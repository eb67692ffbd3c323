// The door of @chasqui/dag: the DAG language. Parse, validate, compare, evaluate expressions, compute ticks.

export { limits } from "./limits.ts";
export { formatProblem } from "./problem.ts";
export type { Position, Problem } from "./problem.ts";
export { formatDuration, parseDuration } from "./text/duration.ts";
export { compileCondition } from "./cel/condition.ts";
export type { Condition } from "./cel/condition.ts";
export { renderValue } from "./cel/template.ts";
export { createScope, expressionName, scopeOf } from "./cel/scope.ts";
export type { RunFacts, Scope, ScopeParts, TaskFacts } from "./cel/scope.ts";
export { referencedTasks } from "./cel/referenced-tasks.ts";
export type { ExpressionSources } from "./cel/referenced-tasks.ts";
export type { Result } from "./cel/result.ts";
export { millisOf, outputsNamedBy, planOf, renderTask, scopeOfRun } from "./plan.ts";
export type { PlanOptions } from "./plan.ts";
