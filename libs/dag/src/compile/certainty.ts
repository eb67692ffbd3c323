// Is it certain that a task succeeded when another one runs? If not, its output may be missing, and an expression that
// looks into it fails. Judged by needs and trigger rules alone, so that `validate` can say it before anything runs.
import type { JsonValue } from "@bufbuild/protobuf";
import type { Edges } from "./edges.ts";
import type { Node, Outline } from "./outline.ts";
import { triggerRuleWords } from "./words.ts";

type Rule = keyof typeof triggerRuleWords;

export interface Certainty {
  /** Why the output of a task may be missing when the reader runs; undefined when it is certainly there. */
  doubt(reader: Node, id: string): string | undefined;
}

export function certaintyOf(outline: Outline, edges: Edges): Certainty {
  const order = orderOf(edges.waits);
  const skips = new Set<string>();
  for (const id of order) {
    const node = outline.nodes.get(id);
    if (node !== undefined && maySkip(node, outline, edges, skips)) skips.add(id);
  }
  const sure = new Map<string, ReadonlySet<string>>();
  const isSure = (reader: Node, id: string): boolean => {
    const isWork = reader.role === "work" || reader.role === "setup";
    const rule = ruleWord(reader, outline, edges);
    if (isWork && rule === "all_success" && edges.needs.get(reader.id)?.has(id) === true)
      return true;
    const known = sure.get(id) ?? readersSureOf(id, order, outline, edges);
    sure.set(id, known);
    return known.has(reader.id);
  };
  return {
    doubt(reader, id) {
      if (reader.kind === "group" && !reader.isMapped) return undefined; // its tasks evaluate it
      const inner = outline.mappedAround(id)?.id;
      const fromOutside = inner !== undefined && inner !== outline.mappedAround(reader.id)?.id;
      if (fromOutside || outline.nodes.get(id)?.isMapped === true || isSure(reader, id))
        return undefined;
      return skips.has(id) ? "been skipped" : "failed";
    },
  };
}

/** The rule of a task or mapped group: its own, else the one of the group whose entry it is. */
export function ruleWord(node: Node, outline: Outline, edges: Edges): Rule {
  if (node.role === "teardown" || node.role === "on_exit") return "all_success";
  const own = asRule(node.fields["trigger_rule"]);
  if (own !== undefined) return own;
  const needs = [...(edges.needs.get(node.id)?.keys() ?? [])];
  for (const group of outline.around(node.id)) {
    if (group.isMapped) break;
    const members = outline.members(group.id);
    if (needs.some((id) => members.has(id))) break;
    const rule = asRule(group.fields["trigger_rule"]);
    if (rule !== undefined) return rule;
  }
  return "all_success";
}

const isRule = (value: JsonValue | undefined): value is Rule =>
  typeof value === "string" && Object.hasOwn(triggerRuleWords, value);
const asRule = (value: JsonValue | undefined): Rule | undefined =>
  isRule(value) ? value : undefined;

/** Everything behind what it waits for; what stands in a circle is left out. */
function orderOf(waits: Edges["waits"]): string[] {
  const open = new Map([...waits].map(([id, needs]) => [id, needs.length]));
  const next = new Map<string, string[]>();
  for (const [id, needs] of waits)
    for (const need of needs) {
      const list = next.get(need);
      if (list === undefined) next.set(need, [id]);
      else list.push(id);
    }
  const order = [...open].filter(([, left]) => left === 0).map(([id]) => id);
  for (let at = 0; at < order.length; at++)
    for (const id of next.get(order[at] ?? "") ?? []) {
      const left = (open.get(id) ?? 0) - 1;
      open.set(id, left);
      if (left === 0) order.push(id);
    }
  return order;
}

function maySkip(node: Node, outline: Outline, edges: Edges, skips: ReadonlySet<string>): boolean {
  if (node.fields["when"] !== undefined || node.isMapped || saysSkip(node)) return true;
  if (outline.around(node.id).some(({ fields }) => fields["when"] !== undefined)) return true;
  const needs = edges.waits.get(node.id) ?? [];
  switch (ruleWord(node, outline, edges)) {
    case "always":
    case "all_done":
    case "none_failed":
      return false;
    case "all_success":
    case "none_skipped":
    case "one_success":
    case "all_done_min_one_success":
    case "none_failed_min_one_success":
      return needs.some((id) => skips.has(id));
    default:
      return needs.length > 0; // it waits for something that may not come: a failure, a skip, an end
  }
}

/** Kinds that may say themselves that there was nothing to do. */
function saysSkip({ fields }: Node): boolean {
  const text = JSON.stringify([fields["with"] ?? {}, fields["retries"] ?? {}]);
  return /"skip_on_exit_code"|"soft_fail":true|"on_reject":"skip"|"then":"skip"/.test(text);
}

/** Tasks that run only if the given one succeeded. */
function readersSureOf(
  id: string,
  order: readonly string[],
  outline: Outline,
  edges: Edges,
): ReadonlySet<string> {
  const sure = new Set<string>();
  const implies = (need: string): boolean => need === id || sure.has(need);
  for (const reader of order) {
    const node = outline.nodes.get(reader);
    if (node === undefined) continue;
    const needs = [...(edges.needs.get(reader)?.keys() ?? [])];
    const group = outline.mappedAround(reader)?.id;
    if ((group !== undefined && sure.has(group)) || isImplied(node, needs, implies, outline, edges))
      sure.add(reader);
  }
  return sure;
}

function isImplied(
  node: Node,
  needs: readonly string[],
  implies: (need: string) => boolean,
  outline: Outline,
  edges: Edges,
): boolean {
  if (node.role === "on_exit" || needs.length === 0) return false;
  if (node.role === "teardown")
    return node.setups.length > 0 && node.setups.every((setup) => implies(setup.id));
  switch (ruleWord(node, outline, edges)) {
    case "all_success":
      return needs.some(implies);
    case "one_success":
    case "all_done_min_one_success":
    case "none_failed_min_one_success":
      return needs.every(implies);
    default:
      return false;
  }
}
