// What tasks would get, as far as it is known before a run: everything but what other tasks say, and the items of
// mappings. An expression that needs those stays as it is written.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, TaskSpec } from "@chasqui/contracts";
import { compileCondition } from "../cel/condition.ts";
import { parseExpression } from "../cel/expression.ts";
import type { Names } from "../cel/references.ts";
import { createScope } from "../cel/scope.ts";
import type { Scope } from "../cel/scope.ts";
import { parseTemplate, renderValue } from "../cel/template.ts";
import { exitScopeFields } from "../compile/words.ts";
import { isLatest } from "./latest.ts";

export interface PreviewInput {
  readonly atMs: number;
  readonly key: string;
  readonly params: JsonObject;
  readonly vars: JsonObject;
  /** Data of the event that starts the run; absent: not known. */
  readonly event?: JsonValue;
}

export interface TaskPreview {
  readonly id: string;
  readonly uses: string;
  readonly needs: readonly string[];
  /** The condition, and what it gives when that is known. */
  readonly when?: string;
  readonly runs?: boolean;
  readonly forEach?: readonly string[];
  readonly with: JsonValue;
  /** Why something cannot be rendered. */
  readonly errors: readonly string[];
}

/** In the order in which they may run. */
export function previewTasks(spec: DagSpec, input: PreviewInput): TaskPreview[] {
  const scope = scopeFor(spec, input);
  return inOrder(spec).map((task) => previewTask(task, scope));
}

function scopeFor(spec: DagSpec, { atMs, key, params, vars, event }: PreviewInput): Scope {
  const { id, schedule } = spec;
  const timezone = schedule?.timezone;
  return createScope({
    run: {
      id: "run-planned",
      dagId: id,
      key,
      logicalMs: atMs,
      isLatest: isLatest(schedule, atMs, atMs),
      timezone: timezone === undefined || timezone === "" ? "UTC" : timezone,
    },
    params,
    vars,
    ...(event === undefined ? {} : { event: { data: event } }),
  });
}

function previewTask(task: TaskSpec, scope: Scope): TaskPreview {
  const errors: string[] = [];
  const config = renderKnown(task.with ?? {}, scope, (message) => errors.push(`with: ${message}`));
  const runs = task.when === "" ? undefined : conditionOf(task.when, scope, errors);
  const lists = (task.forEach?.lists ?? []).map((list) => list.in);
  return {
    id: task.id,
    uses: task.uses,
    needs: task.needs,
    ...(task.when === "" ? {} : { when: task.when }),
    ...(runs === undefined ? {} : { runs }),
    ...(lists.length === 0 ? {} : { forEach: lists }),
    with: config,
    errors,
  };
}

function conditionOf(when: string, scope: Scope, errors: string[]): boolean | undefined {
  const parsed = parseExpression(when);
  if (parsed.ok && !isKnown(parsed.value.names, scope)) return undefined;
  const result = compileCondition(when).evaluate(scope);
  if (result.ok) return result.value;
  errors.push(`when: ${result.message}`);
  return undefined;
}

/** Is everything that it names known before the run? */
function isKnown({ references }: Names, scope: Scope): boolean {
  return references.every(
    ({ root, path: [field] }) =>
      scope.roots.includes(root) &&
      !(root === "run" && exitScopeFields.some((name) => name === field)),
  );
}

function renderKnown(value: JsonValue, scope: Scope, fail: (message: string) => void): JsonValue {
  if (typeof value === "string") {
    const parts = parseTemplate(value);
    const open =
      parts.ok &&
      parts.value.some((part) => "expression" in part && !isKnown(part.expression.names, scope));
    if (open) return value;
    const rendered = renderValue(value, scope);
    if (rendered.ok) return rendered.value;
    fail(rendered.message);
    return value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => renderKnown(item, scope, fail));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      renderKnown(item, scope, (message) => fail(`${key}: ${message}`)),
    ]),
  );
}

function inOrder({ tasks }: DagSpec): TaskSpec[] {
  const open = new Map(tasks.map((task) => [task.id, task.needs.length]));
  const next = new Map<string, TaskSpec[]>();
  for (const task of tasks)
    for (const need of task.needs) next.set(need, [...(next.get(need) ?? []), task]);
  const order = tasks.filter(({ needs }) => needs.length === 0);
  for (let at = 0; at < order.length; at++)
    for (const task of next.get(order[at]?.id ?? "") ?? []) {
      const left = (open.get(task.id) ?? 0) - 1;
      open.set(task.id, left);
      if (left === 0) order.push(task);
    }
  return order;
}
