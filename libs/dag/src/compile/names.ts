// Which names the expressions of tasks and groups may use.
import { expressionName } from "../cel/scope.ts";
import type { KnownNames, KnownTasks } from "../cel/check-names.ts";
import type { Edges } from "./edges.ts";
import { upstreamOf } from "./graph.ts";
import type { Node, Outline } from "./outline.ts";
import {
  eventScopeFields,
  exitScopeFields,
  instanceRoots,
  runRoots,
  runScopeFields,
} from "./words.ts";

/** What is known of names beside tasks; undefined: there may be any. */
export interface KnownValues {
  readonly params: readonly string[] | undefined;
  readonly vars: readonly string[] | undefined;
}

export interface TaskNames {
  /** In what is evaluated once: `for_each`, a mapped group's `when`. */
  of(node: Node): KnownNames;
  /** In what is evaluated for each instance of a mapping, where there is one. */
  ofInstance(node: Node): KnownNames;
}

/** Where names exist that are not known here. */
const elsewhere: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    exitScopeFields.map((field) => [`run.${field}`, "only on_exit tasks know how the run ended"]),
  ),
  ...Object.fromEntries(
    instanceRoots.map((root) => [root, "only what is mapped by for_each has items"]),
  ),
};

export function taskNames(outline: Outline, edges: Edges, values: KnownValues): TaskNames {
  const all = [...outline.ids.tasks];
  const idOf = new Map(all.flatMap((id) => [[expressionName(id), id] as const, [id, id] as const]));
  const of = (node: Node): KnownNames => ({
    roots: runRoots,
    fields: {
      run: node.role === "on_exit" ? [...runScopeFields, ...exitScopeFields] : runScopeFields,
      event: eventScopeFields,
      ...(values.params === undefined ? {} : { params: values.params }),
      ...(values.vars === undefined ? {} : { vars: values.vars }),
    },
    elsewhere,
    tasks: { all, idOf, reader: node.id, isUpstream: upstreamTest(node, outline, edges) },
  });
  return {
    of,
    ofInstance(node) {
      const known = of(node);
      const isMapped = node.isMapped || outline.mappedAround(node.id) !== undefined;
      return isMapped ? { ...known, roots: [...runRoots, ...instanceRoots] } : known;
    },
  };
}

/** Most expressions read what is directly upstream: the rest is only computed when one does not. */
function upstreamTest(node: Node, outline: Outline, edges: Edges): KnownTasks["isUpstream"] {
  const direct =
    node.kind === "group" && !node.isMapped
      ? edges.groupNeeds(node.id)
      : (edges.waits.get(node.id) ?? []);
  let upstream: Set<string> | undefined;
  return (other) => {
    if (direct.includes(other)) return true;
    if ((upstream ??= upstreamOf(edges.waits, direct)).has(other)) return true;
    return node.role === "on_exit" && outline.nodes.get(other)?.role !== "on_exit";
  };
}
