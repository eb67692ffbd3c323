// What this process has in its head about the DAGs: the rows of `schedule`, their timetables and bindings ready
// for use, and each schedule's next due time. Only a cache: a tick is recorded against the row's revision.
import type { BoundDag } from "./core/triggers.ts";
import type { Timetable } from "./core/ticks.ts";
import type { StoredDag } from "./store/schedules.ts";
import { timetableOf } from "./timetable.ts";

export interface KnownSchedule {
  readonly dag: StoredDag;
  /** Absent when the clock does not start it, or when its crons cannot be read. */
  readonly timetable: Timetable | undefined;
  /** Why its crons cannot be read. */
  readonly problem: string | undefined;
  handledMs: number;
  /** The next due time; undefined when there is none. */
  nextMs: number | undefined;
}

export interface Registry {
  put(dag: StoredDag): void;
  forget(dagId: string): void;
  get(dagId: string): KnownSchedule | undefined;
  all(): KnownSchedule[];
  /** Schedules with a due time that has come. */
  due(nowMs: number): KnownSchedule[];
  /** The earliest due time of all. */
  nextMs(): number | undefined;
  /** DAGs that triggers start, their expressions ready for use. */
  bound(): Promise<readonly BoundDag[]>;
}

export function createRegistry(onProblem: (dagId: string, problem: string) => void): Registry {
  const schedules = new Map<string, KnownSchedule>();
  const bindings = new Map<string, BoundDag>(); // of the rows in `schedules`, made when first asked for

  function timetable(dag: StoredDag): { timetable?: Timetable; problem?: string } {
    if (dag.timing === undefined) return {};
    try {
      return { timetable: timetableOf(dag.timing) };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      onProblem(dag.dagId, problem);
      return { problem };
    }
  }

  return {
    put(dag) {
      const before = schedules.get(dag.dagId);
      if (before !== undefined && before.dag.revision >= dag.revision) {
        before.handledMs = Math.max(before.handledMs, dag.handledMs);
        return;
      }
      const made = timetable(dag);
      schedules.set(dag.dagId, {
        dag,
        timetable: made.timetable,
        problem: made.problem,
        handledMs: dag.handledMs,
        nextMs: made.timetable?.next(dag.handledMs),
      });
      bindings.delete(dag.dagId);
    },
    forget(dagId) {
      schedules.delete(dagId);
      bindings.delete(dagId);
    },
    get: (dagId) => schedules.get(dagId),
    all: () => [...schedules.values()],
    due: (nowMs) =>
      [...schedules.values()].filter(({ nextMs }) => nextMs !== undefined && nextMs <= nowMs),
    nextMs() {
      let earliest: number | undefined;
      for (const { nextMs } of schedules.values())
        if (nextMs !== undefined && (earliest === undefined || nextMs < earliest))
          earliest = nextMs;
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
