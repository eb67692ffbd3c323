// `groups` of a DAG. A mapped group stays a thing of its own with its needs, rule and condition; an ordinary one is a
// frame, and what it says about all its tasks is written to them.
import { create } from "@bufbuild/protobuf";
import { GroupSpecSchema } from "@chasqui/contracts";
import type { GroupSpec } from "@chasqui/contracts";
import type { Type } from "../cel/types.ts";
import { conditionOf } from "./check-expressions.ts";
import { readWhen } from "./compile-task.ts";
import type { Edges } from "./edges.ts";
import { itemType, readForEach } from "./for-each.ts";
import { behind } from "./names.ts";
import type { TaskNames } from "./names.ts";
import type { Node, Outline } from "./outline.ts";
import { readText, readWord } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { readDefaults } from "./task-defaults.ts";
import type { Shared } from "./task-defaults.ts";
import { defaults, triggerRuleWords } from "./words.ts";

export interface Groups {
  readonly specs: GroupSpec[];
  readonly defaults: ReadonlyMap<string, Shared>;
  /** Conditions of groups that are not mapped. */
  readonly conditions: ReadonlyMap<string, string>;
  /** Types of the items of mapped groups. */
  readonly items: ReadonlyMap<string, Type>;
}

export function compileGroups(
  reader: Reader,
  outline: Outline,
  edges: Edges,
  names: TaskNames,
): Groups {
  const conditions = new Map<string, string>();
  const shared = new Map<string, Shared>();
  const items = new Map<string, Type>();
  const specs = outline.groups.map((node) => {
    const { id, path, name, fields } = node;
    const known = names.of(node);
    const at = [...path, "defaults"];
    shared.set(id, readDefaults(reader, at, `${name} defaults`, fields["defaults"]));
    const when = readWhen(reader, node, known);
    const rule = readWord(
      reader,
      [...path, "trigger_rule"],
      fields["trigger_rule"],
      `${name}: trigger_rule`,
      triggerRuleWords,
    );
    if (!node.isMapped) conditions.set(id, when);
    const description = readDescription(reader, node);
    const frame = { id, description, parent: node.group ?? "" };
    if (!node.isMapped) return create(GroupSpecSchema, frame);
    const own = mapped(reader, node, edges, names);
    if (own.forEach !== undefined) items.set(id, itemType(own.forEach, known));
    const triggerRule = rule ?? defaults.triggerRule;
    return create(GroupSpecSchema, { ...frame, ...own, when, triggerRule });
  });
  return { specs, defaults: shared, conditions, items };
}

function readDescription(reader: Reader, { path, name, fields }: Node): string {
  const at = [...path, "description"];
  return readText(reader, at, fields["description"], `${name}: description`)?.trim() ?? "";
}

function mapped(reader: Reader, node: Node, edges: Edges, names: TaskNames) {
  const { id, path, name, fields } = node;
  const known = {
    lists: behind(names.of(node), conditionOf(fields["when"])),
    instance: (item: Type) => names.ofInstance(node, item),
  };
  const forEach = readForEach(reader, [...path, "for_each"], name, fields["for_each"], known);
  const needs = [...(edges.needs.get(id)?.keys() ?? [])].sort();
  return { needs, ...(forEach === undefined ? {} : { forEach }) };
}
