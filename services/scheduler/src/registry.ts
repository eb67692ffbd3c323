// What this process has in its head about the DAGs: the rows of `schedule`, their timetables and bindings ready
// for use, and each schedule's next due time. Only a cache: a tick is recorded against the row's revision.
import type { BoundDag } from "./core/triggers.ts";
import { knownSchedule } from "./known-schedule.ts";
import type { KnownSchedule } from "./known-schedule.ts";
import type { StoredDag } from "./store/schedules.ts";

export interface Registry {
  put(dag: StoredDag): void;
  forget(dagId: string): void;
  get(dagId: string): KnownSchedule | undefined;
  all(): KnownSchedule[];
  /** Schedules with a due time that is to run. */
  due(nowMs: number): KnownSchedule[];
  /** When the next due time of all is to run. */
  wakeMs(): number | undefined;
  /** DAGs that triggers start, their expressions ready for use. */
  bound(): Promise<readonly BoundDag[]>;
}

export function createRegistry(onProblem: (dagId: string, problem: string) => void): Registry {
  const schedules = new Map<string, KnownSchedule>();
  const bindings = new Map<string, BoundDag>(); // of the rows in `schedules`, made when first asked for

  return {
    put(dag) {
      const before = schedules.get(dag.dagId);
      if (before !== undefined && before.dag.revision >= dag.revision) {
        before.handled(dag.handledMs);
        return;
      }
      const known = knownSchedule(dag);
      if (known.problem !== undefined) onProblem(dag.dagId, known.problem);
      schedules.set(dag.dagId, known);
      bindings.delete(dag.dagId);
    },
    forget(dagId) {
      schedules.delete(dagId);
      bindings.delete(dagId);
    },
    get: (dagId) => schedules.get(dagId),
    all: () => [...schedules.values()],
    due: (nowMs) =>
      [...schedules.values()].filter(({ wakeMs }) => wakeMs !== undefined && wakeMs <= nowMs),
    wakeMs() {
      let earliest: number | undefined;
      for (const { wakeMs } of schedules.values())
        if (wakeMs !== undefined && (earliest === undefined || wakeMs < earliest))
          earliest = wakeMs;
      return earliest;
    },
    async bound() {
      const { bindingsOf } = await import("./bindings.ts");
      const bound: BoundDag[] = [];
      for (const { dag } of schedules.values()) {
        if (dag.triggers.length === 0) continue;
        const made = bindings.get(dag.dagId) ?? bindingsOf(dag);
        bindings.set(dag.dagId, made);
        bound.push(made);
      }
      return bound;
    },
  };
}
