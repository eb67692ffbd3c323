// Circles of DAGs whose runs start each other for ever: found by what the DAGs say, before the first run.
// Invariants (each has a property test of the same name):
//   C1. What is told is a circle: from each DAG to the next leads a link that one of them says, and the last is the first.
//   C2. A circle that ends by itself is none: of runs that tasks start, one of them under a condition; such a chain has at
//       most ten runs. Once the end of a run or an asset is a part of it, nobody counts.
//   C3. Whoever is asked about and stands in a circle is told, or stands in one that is told.
import { listNames, quote } from "../text/suggest.ts";
import type { DagLinks, LinkPath } from "./links.ts";

export interface Circle {
  /** The DAG at which it is told: one of those that are asked about. */
  readonly dagId: string;
  /** In that DAG; empty when others say all of it. */
  readonly path: LinkPath;
  readonly message: string;
  /** The first one is the last one. */
  readonly dags: readonly string[];
}

/** Between DAGs and assets: a thousand that produce what a thousand wait for are two thousand, not a million. */
interface Edge {
  readonly from: string;
  readonly to: string;
  /** The DAG that says so, and where. */
  readonly owner: string;
  readonly path: LinkPath;
  readonly kind: "trigger" | "task" | "conditional task" | "produces";
  /** Of the edge that ends at a DAG: how it is started by `from`. */
  readonly why: (from: string) => string;
}

const dagNode = (id: string): string => `dag:${id}`;
const assetNode = (name: string): string => `asset:${name}`;
const dagOf = (node: string): string | undefined =>
  node.startsWith("dag:") ? node.slice("dag:".length) : undefined;

/** `all`: every DAG that there would be; `about`: those that are new. */
export function circlesOf(all: readonly DagLinks[], about: ReadonlySet<string>): Circle[] {
  const next = Map.groupBy(inCircles(all.flatMap(edgesOf)), ({ from }) => from);
  const told = new Set<string>();
  const circles: Circle[] = [];
  for (const dagId of [...about].sort()) {
    const way = told.has(dagId) ? undefined : shortest(dagNode(dagId), next);
    if (way === undefined) continue;
    const circle = circleOf(way, about);
    for (const one of circle.dags) told.add(one);
    circles.push(circle);
  }
  return circles;
}

function edgesOf({ dagId, startedBy, starts, produces }: DagLinks): Edge[] {
  const own = { owner: dagId };
  return [
    ...startedBy.map(({ kind, name, path }) =>
      kind === "dag"
        ? {
            ...{ ...own, path, from: dagNode(name), to: dagNode(dagId) },
            kind: "trigger" as const,
            why: () => `the end of ${name} starts ${dagId}`,
          }
        : {
            ...{ ...own, path, from: assetNode(name), to: dagNode(dagId) },
            kind: "trigger" as const,
            why: (from: string) => `asset ${quote(name)} of ${from} starts ${dagId}`,
          },
    ),
    ...starts.map(({ dagId: child, task, conditional, path }) => ({
      ...{ ...own, path, from: dagNode(dagId), to: dagNode(child) },
      kind: conditional ? ("conditional task" as const) : ("task" as const),
      why: () => `task ${quote(task)} of ${dagId} starts ${child}`,
    })),
    ...produces.map((name) => ({
      ...{ ...own, path: [], from: dagNode(dagId), to: assetNode(name) },
      kind: "produces" as const,
      why: () => "",
    })),
  ];
}

/** Takes away, again and again, what nothing leads to and what leads nowhere: circles stay, and what is between them. */
function inCircles(edges: readonly Edge[]): readonly Edge[] {
  for (let left = edges; ;) {
    const sources = new Set(left.map(({ from }) => from));
    const targets = new Set(left.map(({ to }) => to));
    const kept = left.filter(({ from, to }) => targets.has(from) && sources.has(to));
    if (kept.length === left.length) return kept;
    left = kept;
  }
}

/** A node, and what the way there has met. */
interface Step {
  readonly node: string;
  readonly hasTrigger: boolean;
  readonly hasCondition: boolean;
  readonly edge: Edge;
  readonly before: Step | undefined;
}

/** From a node back to it, by a way that does not end by itself. */
function shortest(node: string, next: ReadonlyMap<string, readonly Edge[]>): Edge[] | undefined {
  const reached = new Set<string>();
  const look: (Step | undefined)[] = [undefined];
  for (const before of look)
    for (const edge of next.get(before?.node ?? node) ?? []) {
      const hasTrigger = before?.hasTrigger === true || edge.kind === "trigger";
      const hasCondition = before?.hasCondition === true || edge.kind === "conditional task";
      const step = { node: edge.to, hasTrigger, hasCondition, edge, before };
      const state = `${edge.to} ${hasTrigger} ${hasCondition}`;
      if (reached.has(state)) continue;
      reached.add(state);
      if (edge.to === node && (hasTrigger || !hasCondition)) return edgesTo(step);
      look.push(step);
    }
  return undefined;
}

function edgesTo(last: Step): Edge[] {
  const way: Edge[] = [];
  for (let step: Step | undefined = last; step !== undefined; step = step.before)
    way.unshift(step.edge);
  return way;
}

const BOUND_TRIGGER = "want a `rate`, or a `key` without `event`, at one of the triggers";

const BOUND_TASK = "want a `when` at one of the tasks, which ends it";

function circleOf(way: readonly Edge[], about: ReadonlySet<string>): Circle {
  const dags = [way[0]?.from ?? "", ...way.map(({ to }) => to)].flatMap(
    (node) => dagOf(node) ?? [],
  );
  const arrivals = way.filter(({ to }) => dagOf(to) !== undefined);
  const steps = arrivals.map(({ why }, index) => why(dags[index] ?? ""));
  const said = way.filter(({ owner, path }) => about.has(owner) && path.length > 0);
  const told = said.find(({ owner }) => owner === dags[0]) ?? said[0];
  const wanted = way.some(({ kind }) => kind === "trigger") ? BOUND_TRIGGER : BOUND_TASK;
  return {
    dags,
    dagId: told?.owner ?? dags[0] ?? "",
    path: told?.path ?? [],
    message: `runs start each other for ever: ${dags.join(" -> ")} (${listNames(steps)}); ${wanted}`,
  };
}
