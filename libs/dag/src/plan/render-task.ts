// A task's configuration for one attempt.
import type { JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, TaskSpec } from "@chasqui/contracts";
import type { Scope as MachineScope } from "@chasqui/machine";
import { referencedTasks } from "../cel/referenced-tasks.ts";
import type { Result } from "../cel/result.ts";
import { containsTemplate, renderValue } from "../cel/template.ts";
import { scopeOfRun } from "./scope-of-run.ts";
import type { PlanOptions } from "./scope-of-run.ts";

/** The configuration as JSON when it is the same for every run: nothing in it is rendered. */
export const constantConfig = (task: TaskSpec): string | undefined =>
  containsTemplate(task.with ?? {}) ? undefined : JSON.stringify(task.with ?? {});

/** A task's configuration, rendered for one run, or for one instance in it. */
export function renderTask(
  spec: DagSpec,
  task: TaskSpec,
  facts: MachineScope,
  options: PlanOptions,
): Result<JsonValue> {
  return renderValue(task.with ?? {}, scopeOfRun(spec, facts, options));
}

/** Tasks whose output a task's configuration names; none when nothing in it is rendered. */
export function outputsNamedBy(spec: DagSpec, task: TaskSpec): string[] {
  if (!containsTemplate(task.with ?? {})) return []; // looking through all ids for each of 10,000 tasks takes minutes
  return referencedTasks(
    { with: task.with },
    spec.tasks.map(({ id }) => id),
  );
}
