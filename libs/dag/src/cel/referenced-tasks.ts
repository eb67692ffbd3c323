// Which tasks a task's expressions read: only their outputs are loaded before it is assigned.
import type { JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, ForEach } from "@chasqui/contracts";
import { parseExpression } from "./expression.ts";
import type { Names } from "./references.ts";
import { expressionName } from "./scope.ts";
import { parseTemplate } from "./template.ts";

export interface ExpressionSources {
  /** A CEL condition. */
  readonly when?: string;
  /** Any value with `${…}` in its strings. */
  readonly with?: JsonValue | undefined;
}

/**
 * The ids, sorted, of the tasks that the expressions read: `tasks.my_task.output` and
 * `tasks['my-task'].state` both name `my-task`. A computed name (`tasks[params.which]`) means all of them.
 * `what` narrows it: with "output", a task of which only the state is read does not count.
 */
export function referencedTasks(
  sources: ExpressionSources,
  taskIds: readonly string[],
  what: "any" | "output" = "any",
): string[] {
  const idOf = new Map(
    taskIds.flatMap((id) => [[expressionName(id), id] as const, [id, id] as const]),
  );
  const found = new Set<string>();
  for (const names of namesIn(sources)) {
    for (const { root, path } of names.references) {
      if (root !== "tasks") continue;
      const [name, field] = path;
      if (name === undefined) return [...taskIds].sort();
      const id = idOf.get(name);
      if (id !== undefined && !(what === "output" && field === "state")) found.add(id);
    }
  }
  return [...found].sort();
}

/** The names at the root of a condition: `run`, `tasks`, `item`. */
export function rootsIn(when: string): Set<string> {
  return new Set(namesIn({ when }).flatMap(({ references }) => references.map(({ root }) => root)));
}

/** The same of a text with `${…}`. */
export function rootsOfText(text: string): Set<string> {
  const names = namesIn({ with: text });
  return new Set(names.flatMap(({ references }) => references.map(({ root }) => root)));
}

/** Names of the environment's vars that any expression of a DAG reads. */
export function varsNamedIn(spec: DagSpec): string[] {
  const { tasks, groups, triggers } = spec;
  const conditions = [
    ...tasks.flatMap(({ when, forEach }) => [when, ...listsOf(forEach)]),
    ...groups.flatMap(({ when, forEach }) => [when, ...listsOf(forEach)]),
  ];
  const texts: JsonValue = [
    ...tasks.map((task) => task.with ?? {}),
    ...tasks.map(({ concurrency }) => concurrency?.key ?? ""),
    ...[...tasks, ...groups].map(({ forEach }) => forEach?.label ?? ""),
    ...triggers.map(({ key }) => key),
  ];
  const names = [...conditions.flatMap((when) => namesIn({ when })), ...namesIn({ with: texts })];
  const found = names.flatMap(({ references }) =>
    references.flatMap(({ root, path: [name] }) =>
      root === "vars" && name !== undefined ? [name] : [],
    ),
  );
  return [...new Set(found)].sort();
}

const listsOf = (forEach: ForEach | undefined): string[] =>
  (forEach?.lists ?? []).map((list) => list.in);

function namesIn(sources: ExpressionSources): Names[] {
  const names: Names[] = [];
  if (sources.when !== undefined && sources.when !== "") {
    const parsed = parseExpression(sources.when);
    if (parsed.ok) names.push(parsed.value.names);
  }
  if (sources.with !== undefined) collect(sources.with, names);
  return names;
}

function collect(value: JsonValue, names: Names[]): void {
  if (typeof value === "string") {
    if (!value.includes("${")) return;
    const parsed = parseTemplate(value);
    if (!parsed.ok) return;
    for (const part of parsed.value) if ("expression" in part) names.push(part.expression.names);
  } else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) collect(item, names);
  }
}
