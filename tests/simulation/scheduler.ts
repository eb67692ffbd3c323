// The scheduler: each due time has one row, `firing` until its run is seen. A row that is firing says StartRun again.
import { create, toBinary } from "@bufbuild/protobuf";
import type { OutMessage } from "../../libs/bus/src/index.ts";
import {
  InboxMessageSchema,
  RunCauseKind,
  runIdOf,
  subjects,
} from "../../libs/contracts/src/index.ts";
import type { ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Mutation } from "./mutations.ts";
import { publish } from "./say.ts";
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

  #due(nowMs: number): Tick[] {
    return this.#ticks.filter(
      (tick) =>
        (tick.outcome === undefined && tick.dueMs <= nowMs) ||
        (tick.outcome === "firing" &&
          (this.#runOf(tick) !== undefined || nowMs - tick.saidMs > RESAY_MS)),
    );
  }
  #runOf = ({ runId }: Tick) => this.#database.runs.get(runId);
  hasWork = (nowMs: number): boolean => this.#due(nowMs).length > 0;

  /** All that is due goes out in one call. */
  tick(nowMs: number, dies: boolean): void {
    const starts = this.#due(nowMs).flatMap((tick): OutMessage[] => {
      if (this.#runOf(tick) !== undefined) {
        tick.outcome = "fired";
        return [];
      }
      tick.outcome = this.#mutation === "tick_marked_before_start" ? "fired" : "firing";
      tick.saidMs = nowMs;
      return [startOf(tick)];
    });
    if (dies) return; // the rows are there, the messages are not
    publish({ bus: this.#bus, database: this.#database, mutation: this.#mutation, nowMs }, starts);
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

function startOf({ dagId, dueMs }: Tick): OutMessage {
  const key = String(dueMs);
  const id = `start:${dagId}:${key}`;
  const causeKind = RunCauseKind.SCHEDULE;
  const value = { dagId, key, logicalMs: dueMs, causeKind, by: "schedule", paramsJson: "{}" };
  const message = create(InboxMessageSchema, { id, body: { case: "startRun", value } });
  const data = toBinary(InboxMessageSchema, message);
  return { id, subject: subjects.inbox("dag", dagId), data, bundle: "starts" };
}
