// What every task waits for, once groups are resolved.
// Invariants:
//   G1. A need on a group is a need on its leaves: the tasks in it that no other task in it needs, teardowns apart.
//   G2. A group's needs are those of its entries: what in it needs nothing else in it.
//   G3. What stands in a mapped group needs only what stands in it too; everything else is a need of the mapped group,
//       because all instances wait for the same.
import type { JsonValue } from "@bufbuild/protobuf";
import { listNames, quote, suggest } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { findCycle } from "./graph.ts";
import type { Named, Node, Outline } from "./outline.ts";
import { readList, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";

export interface Edges {
  /** Ids of tasks by task or mapped group, each with the place where it was written. */
  readonly needs: ReadonlyMap<string, ReadonlyMap<string, Path>>;
  /** Everything that a task or mapped group waits for: its needs, and the mapped group that it stands in. */
  readonly waits: ReadonlyMap<string, readonly string[]>;
  /** What an ordinary group and those around it need. */
  groupNeeds(group: string): readonly string[];
}

export function readEdges(reader: Reader, outline: Outline): Edges {
  const written = new Map(
    [...outline.nodes.values()].map((node) => [node.id, readNeeds(reader, node, outline)]),
  );
  const leaves = leavesIn(outline, written);
  const expand = (id: string): Map<string, Path> => {
    const tasks = new Map<string, Path>();
    for (const need of written.get(id) ?? [])
      for (const task of outline.nodes.get(need.id)?.kind === "group" ? leaves(need.id) : [need.id])
        if (task !== id && !tasks.has(task)) tasks.set(task, need.path);
    return tasks;
  };
  const edges = new Map<string, Map<string, Path>>();
  for (const node of outline.nodes.values())
    if (node.kind === "task" || node.isMapped) edges.set(node.id, expand(node.id));
  for (const task of outline.tasks) settle(reader, task, outline, edges, expand);
  for (const group of outline.groups) if (group.isMapped) inherit(group, outline, edges, expand);
  const waits = waitsOf(outline, edges);
  noteCycle(reader, outline, edges, waits);
  const groupNeeds = (group: string): string[] =>
    [group, ...outline.around(group).map(({ id }) => id)].flatMap((id) => [...expand(id).keys()]);
  return { needs: edges, waits, groupNeeds };
}

/** The needs of a task or group that name tasks or groups; others are noted. */
function readNeeds(reader: Reader, node: Node, outline: Outline): readonly Named[] {
  const path = [...node.path, "needs"];
  const { name } = node;
  const written: JsonValue | undefined = node.fields["needs"];
  if (typeof written === "string") {
    reader.note(path, `${name}: needs ${quote(written)} is text: want a list`, {
      suggestion: `write [${written}]`,
    });
    return node.setups;
  }
  const seen = new Set<string>();
  const needs: Named[] = [];
  for (const [index, item] of readList(reader, path, written, `${name}: needs`).entries()) {
    const at = [...path, index];
    const id = readText(reader, at, item, `${name}: needs`, { want: "the id of a task or group" });
    if (id === undefined) continue;
    const wrong = wrongNeed(node, id, outline);
    if (wrong !== undefined) reader.note(at, wrong.message, wrong);
    else if (seen.has(id))
      reader.note(at, `${name} needs ${quote(id)} twice`, { severity: "warning" });
    else needs.push({ id, path: at });
    seen.add(id);
  }
  const setups = node.setups.filter(({ id }) => !seen.has(id) && outline.ids.tasks.has(id));
  return [...needs, ...setups];
}

function wrongNeed(
  node: Node,
  id: string,
  outline: Outline,
): { readonly message: string; readonly suggestion?: string } | undefined {
  const { name, role } = node;
  const needs = `${name} needs ${quote(id)}`;
  if (id === node.id) return { message: `${name} needs itself` };
  if (!outline.ids.all.has(id)) {
    const others = [...outline.ids.all].filter((other) => other !== node.id);
    const suggestion = suggest(id, others);
    const message = `${needs}: no such task${outline.groups.length === 0 ? "" : " or group"}`;
    return suggestion === undefined ? { message } : { message, suggestion };
  }
  if (outline.around(node.id).some((group) => group.id === id))
    return { message: `${needs}: it stands in that group` };
  if (node.kind === "group" && outline.members(node.id).has(id))
    return { message: `${needs}, which stands in it` };
  const other = outline.nodes.get(id)?.role;
  if (other === "on_exit" && role !== "on_exit")
    return { message: `${needs}, which runs only when everything else has ended (on_exit)` };
  if (role === "on_exit" && other !== undefined && other !== "on_exit")
    return {
      message: `${needs}: an on_exit task waits for everything else anyway`,
      suggestion: "leave it out",
    };
  return undefined;
}

/** Leaves of groups, each computed once. */
function leavesIn(
  outline: Outline,
  written: ReadonlyMap<string, readonly Named[]>,
): (group: string) => ReadonlySet<string> {
  const known = new Map<string, Set<string>>();
  const inside = (group: string): Node[] =>
    [...outline.nodes.values()].filter(({ id }) =>
      outline.around(id).some((around) => around.id === group),
    );
  const leavesOf = (group: string): Set<string> => {
    const cached = known.get(group);
    if (cached !== undefined) return cached;
    const members = outline.members(group);
    const needed = new Set<string>();
    const nodes = inside(group);
    const nested = new Set(nodes.filter(({ kind }) => kind === "group").map(({ id }) => id));
    for (const node of nodes) {
      if (node.role === "teardown") continue;
      for (const { id } of written.get(node.id) ?? []) {
        if (members.has(id)) needed.add(id);
        else if (nested.has(id)) for (const leaf of leavesOf(id)) needed.add(leaf);
      }
    }
    const leaves = [...members].filter(
      (id) => !needed.has(id) && outline.nodes.get(id)?.role !== "teardown",
    );
    const found = new Set(leaves.length === 0 ? members : leaves);
    known.set(group, found);
    return found;
  };
  return leavesOf;
}

/** Gives a task what its groups need (G2), and its mapped group what it needs outside of it (G3). */
function settle(
  reader: Reader,
  task: Node,
  outline: Outline,
  edges: Map<string, Map<string, Path>>,
  expand: (id: string) => Map<string, Path>,
): void {
  const own = edges.get(task.id) ?? new Map<string, Path>();
  for (const group of outline.around(task.id)) {
    if (group.isMapped) return lift(reader, task, group, outline, edges);
    takeOver(own, group, outline, expand);
  }
}

function takeOver(
  own: Map<string, Path>,
  group: Node,
  outline: Outline,
  expand: (id: string) => Map<string, Path>,
): void {
  const members = outline.members(group.id);
  if ([...own.keys()].some((id) => members.has(id))) return; // it is no entry
  for (const [id, path] of expand(group.id)) if (!own.has(id)) own.set(id, path);
}

function lift(
  reader: Reader,
  task: Node,
  group: Node,
  outline: Outline,
  edges: Map<string, Map<string, Path>>,
): void {
  const members = outline.members(group.id);
  const own = edges.get(task.id) ?? new Map<string, Path>();
  const outer = edges.get(group.id) ?? new Map<string, Path>();
  const lifted = [...own].filter(([id]) => !members.has(id));
  const rule = task.fields["trigger_rule"];
  if (lifted.length > 0 && rule !== undefined && rule !== "all_success")
    reader.note(
      [...task.path, "trigger_rule"],
      `${task.name} stands in the mapped group ${quote(group.id)} and needs ${listNames(lifted.map(([id]) => quote(id)))} outside of it: its trigger rule judges only what is in the group`,
      { suggestion: `write needs and trigger_rule at the group ${quote(group.id)}` },
    );
  for (const [id, path] of lifted) {
    own.delete(id);
    if (!outer.has(id)) outer.set(id, path);
  }
  edges.set(group.id, outer);
}

/** A mapped group inside of ordinary groups is one of their entries, or it is not. */
function inherit(
  group: Node,
  outline: Outline,
  edges: ReadonlyMap<string, Map<string, Path>>,
  expand: (id: string) => Map<string, Path>,
): void {
  const own = edges.get(group.id);
  for (const outer of own === undefined ? [] : outline.around(group.id)) {
    if (outer.isMapped || own === undefined) return;
    takeOver(own, outer, outline, expand);
  }
}

type Needs = ReadonlyMap<string, ReadonlyMap<string, Path>>;

function waitsOf(outline: Outline, edges: Needs): ReadonlyMap<string, readonly string[]> {
  const waits = new Map<string, string[]>();
  for (const [id, needs] of edges) {
    const group = outline.mappedAround(id);
    waits.set(id, [...needs.keys(), ...(group === undefined ? [] : [group.id])]);
  }
  return waits;
}

function noteCycle(
  reader: Reader,
  outline: Outline,
  edges: Needs,
  waits: ReadonlyMap<string, readonly string[]>,
): void {
  const cycle = findCycle(waits);
  const [first] = cycle ?? [];
  if (cycle === undefined || first === undefined) return;
  const places = cycle.flatMap((id, index) => {
    const place = edges.get(id)?.get(cycle[index + 1] ?? "");
    return place === undefined ? [] : [place];
  });
  const path = places[0]?.slice(0, -1) ?? [...(outline.nodes.get(first)?.path ?? []), "needs"];
  reader.note(path, `tasks need one another in a circle: ${cycle.map(quote).join(" needs ")}`);
}
