// `groups` of a DAG. A mapped group stays a thing of its own with its needs, rule and condition; an ordinary one is a
// frame, and what it says about all its tasks is written to them.
import { create } from "@bufbuild/protobuf";
import { GroupSpecSchema } from "@chasqui/contracts";
import type { GroupSpec, TriggerRule } from "@chasqui/contracts";
import { readWhen } from "./compile-task.ts";
import type { Edges } from "./edges.ts";
import { readForEach } from "./for-each.ts";
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
  /** Conditions and rules of groups that are not mapped. */
  readonly conditions: ReadonlyMap<string, string>;
  readonly rules: ReadonlyMap<string, TriggerRule>;
}

export function compileGroups(
  reader: Reader,
  outline: Outline,
  edges: Edges,
  names: TaskNames,
): Groups {
  const conditions = new Map<string, string>();
  const rules = new Map<string, TriggerRule>();
  const shared = new Map<string, Shared>();
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
    if (!node.isMapped) {
      conditions.set(id, when);
      if (rule !== undefined) rules.set(id, rule);
    }
    return create(GroupSpecSchema, {
      id,
      description: readDescription(reader, node),
      parent: node.group ?? "",
      ...(node.isMapped
        ? { ...mapped(reader, node, edges, names), when, triggerRule: rule ?? defaults.triggerRule }
        : {}),
    });
  });
  return { specs, defaults: shared, conditions, rules };
}

function readDescription(reader: Reader, { path, name, fields }: Node): string {
  const at = [...path, "description"];
  return readText(reader, at, fields["description"], `${name}: description`)?.trim() ?? "";
}

function mapped(reader: Reader, node: Node, edges: Edges, names: TaskNames) {
  const { id, path, name, fields } = node;
  const known = { lists: names.of(node), instance: names.ofInstance(node) };
  const forEach = readForEach(reader, [...path, "for_each"], name, fields["for_each"], known);
  const needs = [...(edges.needs.get(id)?.keys() ?? [])].sort();
  return { needs, ...(forEach === undefined ? {} : { forEach }) };
}
