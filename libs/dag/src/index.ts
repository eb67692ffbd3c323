// The door of @chasqui/dag: the DAG language. Parse, validate, compare, evaluate expressions, compute ticks.

export { limits } from "./limits.ts";
export { formatPolicy, formatProblem, sortProblems } from "./problem.ts";
export type { PolicyRef, Position, Problem } from "./problem.ts";
export { readPolicies } from "./policy/read-policies.ts";
export type { PolicyText, ReadPolicies } from "./policy/read-policies.ts";
export { severityIn } from "./policy/policy.ts";
export type { Policy, Severity } from "./policy/policy.ts";
export { checkPolicies, locateProblem, problemOf } from "./policy/check-policies.ts";
export type { PolicyContext, PolicyFinding } from "./policy/check-policies.ts";
export { formatDuration, parseDuration } from "./text/duration.ts";
export { compileCondition } from "./cel/condition.ts";
export type { Condition } from "./cel/condition.ts";
export { renderValue } from "./cel/template.ts";
export { createScope, expressionName, retryScope, scopeOf } from "./cel/scope.ts";
export type {
  FailureFacts,
  InstanceFacts,
  RunFacts,
  Scope,
  ScopeParts,
  TaskFacts,
} from "./cel/scope.ts";
export { referencedTasks, varsNamedIn } from "./cel/referenced-tasks.ts";
export type { ExpressionSources } from "./cel/referenced-tasks.ts";
export type { Result } from "./cel/result.ts";
export { millisOf } from "./plan/millis.ts";
export { planOf } from "./plan/plan-of.ts";
export { constantConfig, outputsNamedBy, renderTask } from "./plan/render-task.ts";
export { previewTasks } from "./plan/preview-tasks.ts";
export type { TaskPreview } from "./plan/preview-tasks.ts";
export { scopeOfRun } from "./plan/scope-of-run.ts";
export type { PlanOptions } from "./plan/scope-of-run.ts";
export { compileDag, compileDagObject } from "./compile/compile-dag.ts";
export type { Compiled, CompileOptions } from "./compile/compile-dag.ts";
export type { KnownConnections } from "./compile/check-connections.ts";
export type { Path, Source } from "./yaml/source.ts";
export { canonicalSpec, fingerprintOf } from "./canonical.ts";
export { circlesOf } from "./circles/circles.ts";
export type { Circle } from "./circles/circles.ts";
export { isUnlinked, linksOf } from "./circles/links.ts";
export type { DagLinks, LinkPath } from "./circles/links.ts";
export { resolveParams } from "./schema/params.ts";
export { misfitOf } from "./schema/check-config.ts";
export { childRequestOf } from "./schema/child-request.ts";
export { questionOf, resolveForm } from "./schema/question.ts";
export { asSchema, checkSchema } from "./schema/check-schema.ts";
export { checkValue } from "./schema/check-value.ts";
export { dateInZone, rfc3339 } from "./time/dates.ts";
export { describeSchedule } from "./time/describe.ts";
export { summaryOfSchedule } from "./time/summary.ts";
export { explainDag } from "./explain/explain-dag.ts";
export type { Came, DagCause, DagExplanation, DagFacts } from "./explain/explain-dag.ts";
export { previewSchedule } from "./time/preview.ts";
export type { Preview, PreviewedTick } from "./time/preview.ts";
export { parseWall } from "./time/wall.ts";
export { instantsOfWall } from "./time/timetable.ts";
export { checkSpec } from "./check-spec.ts";
export type { CheckOptions } from "./check-spec.ts";
export { specToObject } from "./decompile.ts";
export { diffSpecs } from "./diff.ts";
export { sortKeys } from "./sort-keys.ts";
export { defineDag, type } from "./define/define-dag.ts";
export type { Names, RunNames, TaskRef, Type } from "./define/define-dag.ts";
export { all, cel, has, is, latestOnly, not, nth, some } from "./define/expr.ts";
export type { Expr, Ref } from "./define/expr.ts";
export { each, product, zip } from "./define/each.ts";
export type { Each } from "./define/each.ts";
export type {
  ConditionForm,
  DagBody,
  DagForm,
  DagHead,
  ForEachForm,
  GroupForm,
  ListForm,
  RetriesForm,
  SharedForm,
  TaskForm,
  TriggerForm,
  Value,
} from "./define/forms.ts";
export { dagJsonSchema } from "./dag-schema.ts";
export { suggest } from "./text/suggest.ts";
export { shadow } from "./simulate/shadow.ts";
export type { Difference, RecordedEvent, RecordedRun, Shadow } from "./simulate/shadow.ts";
export { placeholdersOf } from "./simulate/placeholders.ts";
export { simulate } from "./simulate/simulate.ts";
export type { SimulationInput } from "./simulate/simulate.ts";
export type { Simulated, SimulatedTask } from "./simulate/result.ts";
export type { ScriptForm } from "./simulate/script.ts";
