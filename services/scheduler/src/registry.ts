// What this process has in its head about the DAGs: the rows of `schedule`, their timetables and bindings ready
// for use, and each schedule's next due time. Only a cache: a tick is recorded against the row's revision.
import { indexRules } from "./core/rules.ts";
import type { RuleIndex } from "./core/rules.ts";
import type { BoundDag, BoundRule, Json, Trigger } from "./core/triggers.ts";
import { knownSchedule } from "./known-schedule.ts";
import type { KnownSchedule } from "./known-schedule.ts";
import type { StoredDag } from "./store/schedules.ts";
import { createWakeQueue } from "./wake-queue.ts";

export interface Registry {
  put(dag: StoredDag): void;
  forget(dagId: string): void;
  get(dagId: string): KnownSchedule | undefined;
  /** A DAG's name, its earlier names and theirs. */
  names(dagId: string): string[];
  all(): KnownSchedule[];
  /** Schedules with a due time that is to run. */
  due(nowMs: number): KnownSchedule[];
  /** When the next due time of all is to run. */
  wakeMs(): number | undefined;
  /** Who listens to what. */
  listeners(): RuleIndex;
  /** DAGs that may want an event, their expressions ready for use. */
  bound(trigger: Trigger): Promise<readonly BoundDag[]>;
  /** A DAG's trigger by its rule's id. */
  rule(dagId: string, ruleId: string): Promise<BoundRule | undefined>;
}

export interface RegistryOptions {
  onProblem(dagId: string, problem: string): void;
  /** What expressions read as `vars`. */
  readonly vars: { readonly [name: string]: Json };
}

export function createRegistry({ onProblem, vars }: RegistryOptions): Registry {
  const schedules = new Map<string, KnownSchedule>();
  // Of the rows in `schedules`, made when first asked for.
  const bindings = new Map<string, BoundDag>();
  let index: RuleIndex | undefined;
  const queue = createWakeQueue<KnownSchedule>({
    has: (known) => schedules.get(known.dag.dagId) === known,
    all: () => schedules.values(),
    get size() {
      return schedules.size;
    },
  });

  async function bind(dagId: string): Promise<BoundDag | undefined> {
    const known = schedules.get(dagId);
    if (known === undefined) return undefined;
    const { bindingsOf } = await import("./bindings.ts");
    const made = bindings.get(dagId) ?? bindingsOf(known.dag, vars);
    if (schedules.get(dagId) === known) bindings.set(dagId, made);
    return made;
  }
  const listeners = (): RuleIndex =>
    (index ??= indexRules([...schedules.values()].map(({ dag }) => dag)));

  function changed(dagId: string): void {
    bindings.delete(dagId);
    index = undefined;
  }

  return {
    put(dag) {
      const before = schedules.get(dag.dagId);
      if (before !== undefined && before.dag.revision >= dag.revision) {
        before.handled(dag.handledMs);
        return;
      }
      const known = knownSchedule(dag, queue.moved);
      if (known.problem !== undefined) onProblem(dag.dagId, known.problem);
      schedules.set(dag.dagId, known);
      queue.moved(known);
      changed(dag.dagId);
    },
    forget(dagId) {
      schedules.delete(dagId);
      changed(dagId);
    },
    get: (dagId) => schedules.get(dagId),
    names(dagId) {
      const found = new Set([dagId]);
      for (const name of found)
        for (const earlier of schedules.get(name)?.dag.was ?? []) found.add(earlier);
      return [...found];
    },
    all: () => [...schedules.values()],
    due: (nowMs) => queue.due(nowMs),
    wakeMs: () => queue.firstMs(),
    listeners,
    async bound(trigger) {
      const bound = await Promise.all(listeners().find(trigger).map(bind));
      return bound.filter((dag) => dag !== undefined);
    },
    async rule(dagId, ruleId) {
      const bound = await bind(dagId);
      return bound?.rules.find(({ rule }) => rule.id === ruleId);
    },
  };
}
