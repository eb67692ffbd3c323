// Which names the expressions of tasks and groups may use.
import type { JsonObject } from "@bufbuild/protobuf";
import { askedIn } from "../cel/check-names.ts";
import type { KnownNames, KnownTasks } from "../cel/check-names.ts";
import type { RootTypes } from "../cel/check-types.ts";
import { parseExpression } from "../cel/expression.ts";
import { expressionName } from "../cel/scope.ts";
import { any, bool, int, listOf, mapOf, text, typeOfSchema } from "../cel/types.ts";
import type { Type } from "../cel/types.ts";
import { certaintyOf } from "./certainty.ts";
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
  /** JSON Schema of the parameters. */
  readonly schema: JsonObject | undefined;
}

export interface TaskNames {
  /** In what is evaluated once: `for_each`, a mapped group's `when`. */
  of(node: Node): KnownNames;
  /** In what is evaluated for each instance of a mapping, where there is one; `item` is of the given type. */
  ofInstance(node: Node, item: Type): KnownNames;
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
  const types = typesOf(outline, values);
  const certainty = certaintyOf(outline, edges);
  const of = (node: Node): KnownNames => ({
    roots: runRoots,
    fields: {
      run: node.role === "on_exit" ? [...runScopeFields, ...exitScopeFields] : runScopeFields,
      event: eventScopeFields,
      ...(values.params === undefined ? {} : { params: values.params }),
      ...(values.vars === undefined ? {} : { vars: values.vars }),
    },
    types: node.role === "on_exit" ? types.exit : types.of(outline.mappedAround(node.id)?.id),
    elsewhere,
    tasks: {
      ...{ all, idOf, reader: node.id },
      isUpstream: upstreamTest(node, outline, edges),
      doubt: (id) => certainty.doubt(node, id),
    },
  });
  return {
    of,
    ofInstance(node, item) {
      const known = of(node);
      if (!node.isMapped && outline.mappedAround(node.id) === undefined) return known;
      const roots = [...runRoots, ...instanceRoots];
      return { ...known, roots, types: { ...known.types, item, index: int } };
    },
  };
}

const runFields = {
  ...{ id: text, dag_id: text, key: text, date: text, logical_time: text },
  ...{ interval: mapOf({ start: text, end: text }), cause: text },
  is_latest: bool,
};

/** The names behind a condition: about what it asks there is no doubt any more. */
export function behind(known: KnownNames, condition: string): KnownNames {
  const parsed = condition === "" ? undefined : parseExpression(condition);
  if (parsed?.ok !== true || known.tasks === undefined) return known;
  const asked = askedIn(parsed.value.names, known.tasks.idOf);
  return { ...known, tasks: { ...known.tasks, asked } };
}

/** Types of the roots; `tasks` depends on where one stands: what is mapped is a list from outside. */
function typesOf(outline: Outline, { schema }: KnownValues) {
  const shared: RootTypes = {
    run: mapOf(runFields),
    ...(schema === undefined ? {} : { params: typeOfSchema(schema) }),
    event: mapOf({}, any),
    events: listOf(mapOf({}, any)),
  };
  const one = mapOf({ state: text, output: any });
  const many = mapOf({ state: text, output: listOf(any) });
  const tasksFrom = (inside: string | undefined): Type => {
    const mapped = outline.tasks.filter(({ id, isMapped }) => {
      const around = outline.mappedAround(id)?.id;
      return isMapped || (around !== undefined && around !== inside);
    });
    const fields = mapped.flatMap(({ id }) => [
      [id, many] as const,
      [expressionName(id), many] as const,
    ]);
    return mapOf(Object.fromEntries(fields), one);
  };
  const known = new Map<string | undefined, RootTypes>();
  const of = (inside: string | undefined): RootTypes => {
    const types = known.get(inside) ?? { ...shared, tasks: tasksFrom(inside) };
    known.set(inside, types);
    return types;
  };
  const exitFields = { ...runFields, state: text, failed_tasks: listOf(text) };
  return { of, exit: { ...of(undefined), run: mapOf(exitFields) } };
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
