// What changed between two versions of a DAG, one line each, in the author's words.
//   task `mail`: timeout 30m → 45m
//   task `check` added after `aggregate`
import { toJson } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { DagSpecSchema } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import { canonicalSpec } from "./canonical.ts";
import { specToObject } from "./decompile.ts";
import { sortKeys } from "./sort-keys.ts";
import { quote } from "./text/suggest.ts";

/** No lines for equal meaning; never none for different meaning. */
export function diffSpecs(old: DagSpec | undefined, next: DagSpec): string[] {
  const after = canonicalSpec(next);
  if (old === undefined) return [`new DAG with ${count(after.tasks.length)}`];
  const before = canonicalSpec(old);
  const lines = diffValues(before, after);
  const same =
    JSON.stringify(sortKeys(toJson(DagSpecSchema, before))) ===
    JSON.stringify(sortKeys(toJson(DagSpecSchema, after)));
  return lines.length > 0 || same ? lines : ["changed"];
}

const count = (tasks: number): string => `${tasks} task${tasks === 1 ? "" : "s"}`;

function diffValues(before: DagSpec, after: DagSpec): string[] {
  const { tasks: oldTasks, groups: oldGroups, ...oldRest } = specToObject(before);
  const { tasks: newTasks, groups: newGroups, ...newRest } = specToObject(after);
  return [
    ...diffMaps("", oldRest, newRest),
    ...diffNodes("group", asMap(oldGroups), asMap(newGroups)),
    ...diffNodes("task", asMap(oldTasks), asMap(newTasks)),
  ];
}

function diffNodes(what: "task" | "group", old: JsonObject, next: JsonObject): string[] {
  const lines: string[] = [];
  for (const id of Object.keys(old))
    if (!Object.hasOwn(next, id)) lines.push(`${what} ${quote(id)} removed`);
  for (const [id, node] of Object.entries(next)) {
    const known = Object.hasOwn(old, id) ? old[id] : undefined;
    if (known === undefined)
      lines.push(`${what} ${quote(id)} added${what === "task" ? place(asMap(node)) : ""}`);
    else lines.push(...diffMaps(`${what} ${quote(id)}: `, asMap(known), asMap(node)));
  }
  return lines;
}

function place({ needs }: JsonObject): string {
  if (!Array.isArray(needs) || needs.length === 0) return " at the beginning";
  return ` after ${needs.map((need) => quote(String(need))).join(", ")}`;
}

const isMap = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const asMap = (value: JsonValue | undefined): JsonObject => (isMap(value) ? value : {});

function diffMaps(prefix: string, old: JsonObject, next: JsonObject, path = ""): string[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
  return keys.flatMap((key) => {
    const name = path === "" ? key : `${path}.${key}`;
    const [before, after] = [old[key], next[key]];
    if (same(before, after)) return [];
    if (isMap(before) && isMap(after)) return diffMaps(prefix, before, after, name);
    if (name === "needs") return diffNeeds(prefix, before, after);
    if (before === undefined) return [`${prefix}${name} ${show(after)} added`];
    if (after === undefined) return [`${prefix}${name} ${show(before)} removed`];
    return [`${prefix}${name} ${show(before)} → ${show(after)}`];
  });
}

function diffNeeds(
  prefix: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): string[] {
  const [old, next] = [before, after].map((list) => (Array.isArray(list) ? list.map(String) : []));
  const gone = (old ?? []).filter((id) => !next?.includes(id));
  const come = (next ?? []).filter((id) => !old?.includes(id));
  return [
    ...come.map((id) => `${prefix}now needs ${quote(id)}`),
    ...gone.map((id) => `${prefix}no longer needs ${quote(id)}`),
  ];
}

const same = (a: JsonValue | undefined, b: JsonValue | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    JSON.stringify(sortKeys(a)) === JSON.stringify(sortKeys(b)));

const SHOWN_CHARS_MAX = 120;

function show(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" && /^\S+$/.test(value) ? value : JSON.stringify(value);
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}
