// The scheduler: each due time has one row, `firing` until its run is seen. A row that is firing says StartRun again.
import { runIdOf } from "../../libs/contracts/src/index.ts";
import type { ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Mutation } from "./mutations.ts";
import { STEP_MS } from "./time-scale.ts";

interface Tick {
  readonly dagId: string;
  readonly runId: string;
  readonly dueMs: number;
  outcome: "firing" | "fired" | undefined;
  saidMs: number;
}
const RESAY_MS = 60 * STEP_MS;

export class Scheduler {
  readonly #ticks: Tick[];
  readonly #bus: ModelBus;
  readonly #database: ModelDatabase;
  readonly #mutation: Mutation;

  constructor(bus: ModelBus, database: ModelDatabase, mutation: Mutation, ticks: number) {
    this.#bus = bus;
    this.#database = database;
    this.#mutation = mutation;
    const ticked = [...database.dags.values()].filter(({ dag }) => dag.isTicked);
    this.#ticks = ticked.flatMap(({ dag }) =>
      Array.from({ length: ticks }, (_, i) => {
        const dueMs = 1_000_000 + i * 20 * STEP_MS;
        const { dagId } = dag.plan;
        const runId = runIdOf(dagId, String(dueMs));
        return { dagId, runId, dueMs, outcome: undefined, saidMs: 0 };
      }),
    );
  }

  #next(nowMs: number): Tick | undefined {
    return this.#ticks.find(
      (tick) =>
        (tick.outcome === undefined && tick.dueMs <= nowMs) ||
        (tick.outcome === "firing" &&
          (this.#runOf(tick) !== undefined || nowMs - tick.saidMs > RESAY_MS)),
    );
  }
  #runOf = ({ runId }: Tick) => this.#database.runs.get(runId);
  hasWork = (nowMs: number): boolean => this.#next(nowMs) !== undefined;

  tick(nowMs: number, dies: boolean): void {
    const tick = this.#next(nowMs);
    if (tick === undefined) return;
    if (this.#runOf(tick) !== undefined) {
      tick.outcome = "fired";
      return;
    }
    tick.outcome = this.#mutation === "tick_marked_before_start" ? "fired" : "firing";
    tick.saidMs = nowMs;
    if (dies) return; // the row is there, the message is not
    const key = String(tick.dueMs);
    const { dagId, runId } = tick;
    const start = {
      runId,
      dagId,
      key,
      logicalMs: tick.dueMs,
      causeKind: "schedule" as const,
      by: "schedule",
      params: {},
      event: null,
      traceparent: undefined,
    };
    this.#bus.inbox.publish(
      `start:${dagId}:${key}`,
      { to: "dag", kind: "start", dagId, start },
      nowMs,
    );
  }

  problem(): string | undefined {
    if (this.#mutation === "tick_marked_before_start") return undefined; // the run may still be on its way: L1 tells
    const lost = this.#ticks.find(
      (tick) => tick.outcome === "fired" && this.#runOf(tick) === undefined,
    );
    return lost === undefined ? undefined : `S5 tick ${lost.dueMs} is fired and has no run`;
  }

  open(): string | undefined {
    const open = this.#ticks.find(
      (tick) => tick.outcome !== "fired" || this.#runOf(tick) === undefined,
    );
    return open === undefined
      ? undefined
      : `tick ${open.dueMs} is ${open.outcome ?? "not looked at"} and has no run`;
  }
}
