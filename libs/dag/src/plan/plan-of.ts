// A compiled DAG as the machine wants it: indexes instead of names, conditions as closures.
import type { JsonObject } from "@bufbuild/protobuf";
import type { DagSpec, GroupSpec, TaskSpec } from "@chasqui/contracts";
import { GROUP_KIND } from "@chasqui/machine";
import type { Json, MapPlan, Plan, PlanTask } from "@chasqui/machine";
import { compileCondition } from "../cel/condition.ts";
import { referencedTasks, rootsIn } from "../cel/referenced-tasks.ts";
import { intervalsOf } from "../time/interval.ts";
import { resolveParams } from "../schema/params.ts";
import { claimsOf } from "./claims.ts";
import { compileItems, itemsMaxOf } from "./for-each.ts";
import { millisOf } from "./millis.ts";
import { retriesOf } from "./retries.ts";
import { scopeOfRun } from "./scope-of-run.ts";
import type { PlanOptions } from "./scope-of-run.ts";
import { roleNames, ruleNames } from "./words.ts";

/** A task, or the node of a mapped group, with what maps it. */
interface Node {
  readonly id: string;
  readonly task: TaskSpec | undefined;
  readonly group: GroupSpec | undefined;
  readonly mapper: string | undefined;
}

/** Total on any spec that `compileDag` accepted; a `needs` that names no task is an error of the caller. */
export function planOf(spec: DagSpec, fingerprint: string, options: PlanOptions): Plan {
  const nodes = nodesOf(spec);
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]));
  const find = (id: string): number => {
    const index = indexOf.get(id);
    if (index === undefined) throw new Error(`DAG ${spec.id}: no task is called ${id}`);
    return index;
  };
  const next = nodes.map((): number[] => []);
  for (const [index, node] of nodes.entries())
    for (const id of needsOf(node)) next[find(id)]?.push(index);
  const members = membersOf(nodes);
  const ids = spec.tasks.map(({ id }) => id);
  const read = nodes.map((node) => namesOf(node, ids).map(find));
  const named = new Set(read.flat());
  const tasks = nodes.map((node, index): PlanTask => ({
    ...planTask(spec, node, options),
    needs: needsOf(node).map(find),
    next: next[index] ?? [],
    setups: (node.task?.teardownOf ?? []).map(find),
    whenNames: read[index] ?? [],
    map: mapOf(
      spec,
      node,
      { members: (members.get(node.id) ?? []).map(find), names: read[index] ?? [] },
      options,
    ),
    mapper: node.mapper === undefined ? undefined : find(node.mapper),
    member: Math.max(0, members.get(node.mapper ?? "")?.indexOf(node.id) ?? 0),
    outputNamed: named.has(index),
  }));
  const resolved = resolveParams(spec.params, {}); // not all have one: then only those given are there
  return {
    dagId: spec.id,
    fingerprint,
    tasks,
    indexOf,
    timeoutMs: millisOf(spec.timeout),
    maxActiveTasks: spec.maxActiveTasks,
    refusesParams: (params) => refusal(spec, params),
    intervalOf: intervalsOf(spec.schedule),
    defaultParams: resolved.ok ? resolved.value : {},
  };
}

function refusal(spec: DagSpec, params: Json): string | undefined {
  const resolved = resolveParams(spec.params, params as JsonObject); // JSON by its type; whoever asks has an object
  return resolved.ok ? undefined : resolved.message;
}

function nodesOf(spec: DagSpec): Node[] {
  const mapped = new Map(spec.groups.map((group) => [group.id, group]));
  const mapperOf = (group: string): string | undefined => {
    for (let at = mapped.get(group); at !== undefined; at = mapped.get(at.parent))
      if (at.forEach !== undefined) return at.id;
    return undefined;
  };
  const groups = spec.groups.filter(({ forEach }) => forEach !== undefined);
  return [
    ...spec.tasks.map((task): Node => ({
      id: task.id,
      task,
      group: undefined,
      mapper: task.forEach === undefined ? mapperOf(task.group) : task.id,
    })),
    ...groups.map((group): Node => ({ id: group.id, task: undefined, group, mapper: undefined })),
  ];
}

function membersOf(nodes: readonly Node[]): Map<string, string[]> {
  const members = new Map<string, string[]>();
  for (const { id, mapper } of nodes)
    if (mapper !== undefined) members.set(mapper, [...(members.get(mapper) ?? []), id]);
  return members;
}

const needsOf = ({ task, group }: Node): readonly string[] => task?.needs ?? group?.needs ?? [];
const whenOf = ({ task, group }: Node): string => task?.when ?? group?.when ?? "";

/** Tasks that the expressions the machine evaluates read: `when`, the list to map over, the concurrency key. */
function namesOf({ task, group }: Node, ids: readonly string[]): string[] {
  const when = task?.when ?? group?.when ?? "";
  const forEach = task?.forEach ?? group?.forEach;
  const texts = [when, ...(forEach?.lists.map((list) => list.in) ?? [])].filter(
    (text) => text !== "",
  );
  const key = task?.concurrency?.key ?? "";
  if (texts.length === 0 && key === "") return [];
  const found = texts.flatMap((text) => referencedTasks({ when: text }, ids));
  return [...new Set([...found, ...referencedTasks({ with: key }, ids)])];
}

type Fixed = Omit<
  PlanTask,
  "needs" | "next" | "setups" | "whenNames" | "map" | "mapper" | "member" | "outputNamed"
>;

function planTask(spec: DagSpec, node: Node, options: PlanOptions): Fixed {
  const { task, group } = node;
  const when = whenOf(node);
  const condition = when === "" ? undefined : compileCondition(when);
  const roots = when === "" ? new Set<string>() : rootsIn(when);
  return {
    id: node.id,
    kind: task?.uses ?? GROUP_KIND,
    role: roleNames[task?.role ?? 0] ?? "work",
    rule: ruleNames[task?.triggerRule ?? group?.triggerRule ?? 0] ?? "all_success",
    when: condition && ((scope) => condition.evaluate(scopeOfRun(spec, scope, options))),
    whenOfItem: roots.has("item") || roots.has("index"),
    claims: task === undefined ? [] : claimsOf(spec, task, options),
    priority: task?.priority ?? 0,
    dependsOnPast: task?.dependsOnPast ?? false,
    was: task?.was ?? [],
    retries: task === undefined ? noRetries : retriesOf(task),
    timeoutMs: millisOf(task?.timeout),
    totalTimeoutMs: millisOf(task?.totalTimeout),
    startTimeoutMs: millisOf(task?.startTimeout),
    allowFailure: task?.allowFailure ?? false,
    produces: task?.produces ?? [],
  };
}

const noRetries = { max: 0, backoffMs: 0, factor: 1, backoffMsMax: 0, rules: [] };

function mapOf(
  spec: DagSpec,
  { task, group }: Node,
  where: { readonly members: readonly number[]; readonly names: readonly number[] },
  options: PlanOptions,
): MapPlan | undefined {
  const forEach = task?.forEach ?? group?.forEach;
  if (forEach === undefined) return undefined;
  return {
    items: compileItems(spec, forEach, options),
    parallel: forEach.parallel,
    itemsMax: itemsMaxOf(forEach),
    ...where,
  };
}
