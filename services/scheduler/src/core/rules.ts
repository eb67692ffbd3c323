// What a DAG says about its triggers: conditions as data, and which things that happen are of interest to whom.
// Invariants:
//   R1. A condition without `all` is satisfied by any of its leaves alone.
//   R2. The index finds every DAG with a leaf that matches, and no other.
import type { Json, Trigger } from "./triggers.ts";

export type Leaf =
  | { readonly kind: "event"; readonly subject: string; readonly when: string }
  | {
      readonly kind: "dag";
      readonly dagId: string;
      readonly states: readonly string[];
      readonly when: string;
    }
  | { readonly kind: "asset"; readonly name: string };

export type Condition = Leaf | { readonly kind: "all" | "any"; readonly of: readonly Condition[] };

export interface Batch {
  readonly windowMs: number;
  readonly quietMs?: number | undefined;
  readonly eventsMax: number;
}

export interface Rate {
  readonly max: number;
  readonly perMs: number;
}

/** One of a DAG's triggers. */
export interface TriggerRule {
  /** Derived from what it waits for and collects by: what waits stays with it when a new version changes the rest. */
  readonly id: string;
  readonly on: Condition;
  /** A template; empty means the identity of the event. */
  readonly key: string;
  readonly params: { readonly [name: string]: Json };
  readonly batch?: Batch | undefined;
  readonly rate?: Rate | undefined;
  readonly withinMs?: number | undefined;
}

export const isLeaf = (condition: Condition): condition is Leaf =>
  condition.kind !== "all" && condition.kind !== "any";

/** In a fixed order: a leaf is known by its place in this list. */
export const leavesOf = (condition: Condition): Leaf[] =>
  isLeaf(condition) ? [condition] : condition.of.flatMap(leavesOf);

/** Is one event not enough? */
export const wantsSeveral = (condition: Condition): boolean =>
  condition.kind === "all" ||
  (condition.kind === "any" && condition.of.some((inner) => wantsSeveral(inner)));

/** Does it hold, once the leaves in these places were met? */
export function isSatisfied(condition: Condition, met: ReadonlySet<number>): boolean {
  let place = 0;
  const holds = (inner: Condition): boolean => {
    if (isLeaf(inner)) return met.has(place++);
    const each = inner.of.map(holds); // every one of them, for the places to be counted
    return inner.kind === "all" ? each.every(Boolean) : each.some(Boolean);
  };
  return holds(condition);
}

export function leafText(leaf: Leaf): string {
  if (leaf.kind === "event") return leaf.subject;
  return leaf.kind === "asset" ? `asset ${leaf.name}` : `DAG ${leaf.dagId}`;
}

/** What has not come yet, for people. */
export const missingText = (condition: Condition, met: ReadonlySet<number>): string =>
  leavesOf(condition)
    .flatMap((leaf, place) => (met.has(place) ? [] : [leafText(leaf)]))
    .join(", ");

/** Does the event belong to this leaf? Its `when` is another question. */
export function belongs({ about, path }: Trigger, leaf: Leaf): boolean {
  if (leaf.kind === "event") return about.kind === "event" && matches(leaf.subject, path);
  if (leaf.kind === "asset") return about.kind === "asset" && about.name === leaf.name;
  return about.kind === "dag" && about.dagId === leaf.dagId;
}

/** Does a subject filter cover a subject? `*` stands for one token, `>` for one or more at the end. */
export function matches(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const tokens = subject.split(".");
  for (const [index, token] of wanted.entries()) {
    if (token === ">") return index === wanted.length - 1 && tokens.length > index;
    if (tokens[index] === undefined || (token !== "*" && token !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}

export interface RuleIndex {
  /** DAGs that may want it, in the order of their ids. */
  find(trigger: Trigger): string[];
  hearsDag(dagId: string): boolean;
  readonly hearsAssets: boolean;
  readonly hearsDags: boolean;
}

/** Who listens to what, so that an event costs the same whether there are ten DAGs or ten thousand. */
export function indexRules(dags: Iterable<{ dagId: string; rules: readonly TriggerRule[] }>) {
  const exact = new Map<string, Set<string>>();
  const filters: { subject: string; dagId: string }[] = [];
  const add = (name: string, dagId: string): void => {
    const known = exact.get(name) ?? new Set();
    exact.set(name, known.add(dagId));
  };
  for (const { dagId, rules } of dags)
    for (const leaf of rules.flatMap(({ on }) => leavesOf(on)))
      if (leaf.kind === "event" && /[*>]/.test(leaf.subject))
        filters.push({ subject: leaf.subject, dagId });
      else add(nameOf(leaf), dagId);
  const names = [...exact.keys()];
  const index: RuleIndex = {
    find({ about, path }) {
      const found = new Set(exact.get(about.kind === "event" ? `event ${path}` : nameOf(about)));
      if (about.kind === "event")
        for (const { subject, dagId } of filters) if (matches(subject, path)) found.add(dagId);
      return [...found].sort();
    },
    hearsDag: (dagId) => exact.has(`dag ${dagId}`),
    hearsAssets: names.some((name) => name.startsWith("asset ")),
    hearsDags: names.some((name) => name.startsWith("dag ")),
  };
  return index;
}

type Named =
  | { readonly kind: "event"; readonly subject: string }
  | { readonly kind: "dag"; readonly dagId: string }
  | { readonly kind: "asset"; readonly name: string };

function nameOf(leaf: Named): string {
  if (leaf.kind === "event") return `event ${leaf.subject}`;
  return leaf.kind === "asset" ? `asset ${leaf.name}` : `dag ${leaf.dagId}`;
}
