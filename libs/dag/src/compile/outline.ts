// Tasks and groups of a DAG as the author wrote them: their ids, the group that each stands in, what each is for.
// Ids of tasks and groups are of one name space, because `needs` may name either.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { expressionName } from "../cel/scope.ts";
import { limits } from "../limits.ts";
import { quote, suggest } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { readBoolean, readList, readMap, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { groupFields, taskFields } from "./words.ts";

export type Role = "work" | "setup" | "teardown" | "on_exit";

/** A task or a group. */
export interface Node {
  readonly kind: "task" | "group";
  readonly id: string;
  readonly path: Path;
  /** For messages: task `x`. */
  readonly name: string;
  readonly fields: JsonObject;
  /** The group that it stands in. */
  readonly group: string | undefined;
  readonly role: Role;
  /** Of a teardown: its setups, with their places. */
  readonly setups: readonly Named[];
  readonly isMapped: boolean;
}

/** An id that the author wrote, and where. */
export interface Named {
  readonly id: string;
  readonly path: Path;
}

export interface Outline {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly tasks: readonly Node[];
  readonly groups: readonly Node[];
  /** Every id that the author gave, also of tasks that are no maps. */
  readonly ids: { readonly tasks: ReadonlySet<string>; readonly all: ReadonlySet<string> };
  /** The groups around a task or group, from the inside. */
  around(id: string): readonly Node[];
  /** The mapped group around it, if there is one. */
  mappedAround(id: string): Node | undefined;
  /** Ids of the tasks in a group and in the groups inside of it. */
  members(group: string): ReadonlySet<string>;
}

export const TASK_ID = /^[a-z][a-z0-9_-]{0,62}$/;
const ID_WANT = "a lower-case letter, then up to 62 lower-case letters, digits, - or _";

export function readOutline(
  reader: Reader,
  tasksValue: JsonValue | undefined,
  groupsValue: JsonValue | undefined,
): Outline {
  const tasks = readSection(reader, "tasks", tasksValue);
  const groups = readSection(reader, "groups", groupsValue);
  noteIds(reader, [
    ...Object.keys(tasks).map((id) => ["tasks", id] as const),
    ...Object.keys(groups).map((id) => ["groups", id] as const),
  ]);
  const nodes = new Map<string, Node>();
  for (const [id, value] of Object.entries(groups)) {
    const node = readNode(reader, "group", id, value, groups);
    if (node !== undefined) nodes.set(id, node);
  }
  for (const [id, value] of Object.entries(tasks)) {
    const node = readNode(reader, "task", id, value, groups);
    if (node !== undefined && !nodes.has(id)) nodes.set(id, node);
  }
  dropCircles(reader, nodes);
  return outlineOf(nodes, Object.keys(tasks), Object.keys(groups));
}

function readSection(
  reader: Reader,
  section: "tasks" | "groups",
  value: JsonValue | undefined,
): JsonObject {
  if (value === undefined) {
    if (section === "tasks") reader.note([], "the DAG has no `tasks`: want at least one");
    return {};
  }
  const map = readMap(reader, [section], value, section) ?? {};
  const count = Object.keys(map).length;
  if (section === "tasks" && count === 0 && typeof value === "object" && value !== null)
    reader.note(["tasks"], "tasks is empty: want at least one task");
  const countMax = section === "tasks" ? limits.tasksMax : limits.groupsMax;
  if (count <= countMax) return map;
  reader.note([section], `the DAG has ${count} ${section}: want at most ${countMax}`);
  return {};
}

function noteIds(reader: Reader, places: readonly (readonly ["tasks" | "groups", string])[]): void {
  const byName = new Map<string, readonly ["tasks" | "groups", string]>();
  for (const path of places) {
    const [section, id] = path;
    const what = section === "tasks" ? "task" : "group";
    if (!TASK_ID.test(id))
      reader.note(path, `${what} id ${quote(id)}: want ${ID_WANT}`, { at: "key" });
    const other = byName.get(expressionName(id));
    byName.set(expressionName(id), path);
    if (other === undefined) continue;
    const message =
      other[1] === id
        ? `task and group have the same id ${quote(id)}: want different ones, \`needs\` may name either`
        : `${other[0] === section ? `${what} ids` : "ids"} ${quote(other[1])} and ${quote(id)} are the same in expressions, where - is written _: want names that differ otherwise`;
    reader.note(path, message, { at: "key" });
  }
}

function readNode(
  reader: Reader,
  kind: Node["kind"],
  id: string,
  value: JsonValue,
  groups: JsonObject,
): Node | undefined {
  const path: Path = [`${kind}s`, id];
  const name = `${kind} ${quote(id)}`;
  const fields = readMap(reader, path, value, name, kind === "task" ? taskFields : groupFields);
  if (fields === undefined) return undefined;
  const setups = kind === "task" ? readSetups(reader, path, name, fields["teardown"]) : [];
  return {
    kind,
    id,
    path,
    name,
    fields,
    group: readGroup(reader, { id, path, name }, fields["group"], groups),
    role: kind === "task" ? readRole(reader, path, name, fields) : "work",
    setups,
    isMapped: fields["for_each"] !== undefined,
  };
}

function readGroup(
  reader: Reader,
  { id, path, name }: Pick<Node, "id" | "path" | "name">,
  value: JsonValue | undefined,
  groups: JsonObject,
): string | undefined {
  const at = [...path, "group"];
  const group = readText(reader, at, value, `${name}: group`, { want: "a group's id" });
  if (group === undefined) return undefined;
  if (group === id) reader.note(at, `${name} stands in itself`);
  else if (Object.hasOwn(groups, group)) return group;
  else
    reader.note(at, `${name} stands in ${quote(group)}: no such group`, {
      suggestion: suggest(group, Object.keys(groups)) ?? `add ${group}: {} to groups`,
    });
  return undefined;
}

function readRole(reader: Reader, path: Path, name: string, fields: JsonObject): Role {
  const roles: Role[] = [];
  if (readBoolean(reader, [...path, "setup"], fields["setup"], `${name}: setup`))
    roles.push("setup");
  if (fields["teardown"] !== undefined) roles.push("teardown");
  if (readBoolean(reader, [...path, "on_exit"], fields["on_exit"], `${name}: on_exit`))
    roles.push("on_exit");
  if (roles.length > 1)
    reader.note([...path, roles[1] ?? ""], `${name} is ${roles.join(" and ")}: want one of them`, {
      at: "key",
    });
  return roles[0] ?? "work";
}

function readSetups(
  reader: Reader,
  path: Path,
  name: string,
  value: JsonValue | undefined,
): readonly Named[] {
  if (value === undefined) return [];
  const at = [...path, "teardown"];
  if (typeof value === "string" || typeof value === "boolean") {
    const written = typeof value === "string" ? value : "the setup's id";
    reader.note(at, `${name}: teardown: want a list of the setup tasks that it takes away`, {
      suggestion: `write [${written}]`,
    });
    return [];
  }
  if (Array.isArray(value) && value.length === 0)
    reader.note(at, `${name}: teardown is empty: want the setup tasks that it takes away`, {
      suggestion: "what shall run at the end in any case is on_exit: true",
    });
  return readList(reader, at, value, `${name}: teardown`).flatMap((item, index) => {
    const place = [...at, index];
    const id = readText(reader, place, item, `${name}: teardown`, { want: "a setup task's id" });
    return id === undefined ? [] : [{ id, path: place }];
  });
}

/** Groups that stand in one another in a circle, or too deep, are taken out, so that nobody else walks for ever. */
function dropCircles(reader: Reader, nodes: Map<string, Node>): void {
  for (const node of [...nodes.values()]) {
    if (node.kind !== "group") continue;
    const seen = new Set([node.id]);
    let outer = node.group === undefined ? undefined : nodes.get(node.group);
    while (outer !== undefined && !seen.has(outer.id) && seen.size <= limits.groupDepthMax) {
      seen.add(outer.id);
      outer = outer.group === undefined ? undefined : nodes.get(outer.group);
    }
    const circle = outer?.id === node.id;
    if (outer === undefined || (seen.has(outer.id) && !circle)) continue; // the circle's own groups say it
    reader.note(
      [...node.path, "group"],
      circle
        ? `groups stand in one another in a circle: ${[...seen, outer.id].map(quote).join(" in ")}`
        : `${node.name} stands in more than ${limits.groupDepthMax} groups`,
    );
    nodes.set(node.id, { ...node, group: undefined });
  }
}

function outlineOf(
  nodes: ReadonlyMap<string, Node>,
  taskIds: readonly string[],
  groupIds: readonly string[],
): Outline {
  const all = [...nodes.values()];
  const members = new Map<string, Set<string>>(groupIds.map((id) => [id, new Set()]));
  const around = (id: string): Node[] => {
    const groups: Node[] = [];
    let group = nodes.get(id)?.group;
    while (group !== undefined) {
      const node = nodes.get(group);
      if (node === undefined) break;
      groups.push(node);
      group = node.group;
    }
    return groups;
  };
  for (const { kind, id } of all)
    if (kind === "task") for (const group of around(id)) members.get(group.id)?.add(id);
  return {
    nodes,
    tasks: all.filter(({ kind }) => kind === "task"),
    groups: all.filter(({ kind }) => kind === "group"),
    ids: { tasks: new Set(taskIds), all: new Set([...taskIds, ...groupIds]) },
    around,
    mappedAround: (id) => around(id).find(({ isMapped }) => isMapped),
    members: (group) => members.get(group) ?? new Set(),
  };
}
