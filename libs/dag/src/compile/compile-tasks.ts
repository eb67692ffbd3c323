// `tasks` and `groups` of a DAG: each by itself, then how they hang together.
import { create } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { TaskSpecSchema } from "@chasqui/contracts";
import type { GroupSpec, TaskSpec } from "@chasqui/contracts";
import { any } from "../cel/types.ts";
import { quote } from "../text/suggest.ts";
import { ruleWord } from "./certainty.ts";
import { compileGroups } from "./compile-groups.ts";
import type { Groups } from "./compile-groups.ts";
import { compileTask } from "./compile-task.ts";
import type { Kinds } from "./compile-task.ts";
import { readEdges } from "./edges.ts";
import { taskNames } from "./names.ts";
import type { KnownValues } from "./names.ts";
import { readOutline } from "./outline.ts";
import type { Node, Outline } from "./outline.ts";
import type { Reader } from "./reader.ts";
import { checkRoles } from "./roles.ts";
import type { Shared } from "./task-defaults.ts";
import { triggerRuleWords } from "./words.ts";

export interface TaskContext extends KnownValues {
  /** Schema of `with` by kind; undefined for a kind whose schema is not known. */
  readonly kinds: Kinds;
  readonly unknownKinds: "error" | "warning";
  readonly shared: Shared;
}

export interface TasksAndGroups {
  readonly tasks: TaskSpec[];
  readonly groups: GroupSpec[];
}

export function compileTasks(
  reader: Reader,
  {
    tasks,
    groups,
  }: { readonly tasks: JsonValue | undefined; readonly groups: JsonValue | undefined },
  context: TaskContext,
): TasksAndGroups {
  const outline = readOutline(reader, tasks, groups);
  checkRoles(reader, outline);
  const edges = readEdges(reader, outline);
  const names = taskNames(outline, edges, context);
  const compiled = compileGroups(reader, outline, edges, names);
  const specs = outline.tasks.map((node) => {
    const around = outline.around(node.id);
    const task = compileTask(reader, node, {
      kinds: context.kinds,
      unknownKinds: context.unknownKinds,
      names,
      item: compiled.items.get(outline.mappedAround(node.id)?.id ?? "") ?? any,
      shared: [...around.flatMap(({ id }) => compiled.defaults.get(id) ?? []), context.shared],
      conditions: node.role === "teardown" ? [] : conditionsOf(node, outline, compiled),
      rule: triggerRuleWords[ruleWord(node, outline, edges)],
    });
    const needs = [...(edges.needs.get(node.id)?.keys() ?? [])].sort();
    return create(TaskSpecSchema, { ...task, needs });
  });
  noteWas(reader, outline, specs);
  return { tasks: specs, groups: compiled.specs };
}

/** Of the groups up to the mapped one, from the outside. */
function conditionsOf({ id }: Node, outline: Outline, { conditions }: Groups): string[] {
  const around = outline.around(id);
  const mapped = around.findIndex(({ isMapped }) => isMapped);
  const frames = mapped === -1 ? around : around.slice(0, mapped);
  return frames.toReversed().flatMap((group) => conditions.get(group.id) ?? []);
}

function noteWas(reader: Reader, outline: Outline, tasks: readonly TaskSpec[]): void {
  const takenBy = new Map<string, string>();
  for (const { id, was } of tasks)
    for (const [index, earlier] of was.entries()) {
      const path = ["tasks", id, "was", index];
      const other = takenBy.get(earlier);
      if (outline.ids.all.has(earlier))
        reader.note(path, `task ${quote(id)} was ${quote(earlier)}, which is there too`);
      else if (other !== undefined)
        reader.note(path, `task ${quote(id)} and task ${quote(other)} were both ${quote(earlier)}`);
      takenBy.set(earlier, id);
    }
}
