// One property per invariant of dag.ts, over random histories of starts, settlements, pauses and new versions. The
// world around the DAG is a model of its runs: queued ones wait in the order in which they came.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Counted } from "./auto-pause.ts";
import type { DagDecision, DagMessage, DagState, Overlap } from "./dag.ts";
import { tellPaused } from "./auto-pause.ts";
import { decideDag, newDag, waitingWanted } from "./dag.ts";

interface Run {
  state: "queued" | "running" | "settled";
  admissions: number;
}
interface Step {
  readonly message: DagMessage;
  readonly decision: DagDecision;
}

const moves = fc.array(
  fc.record({
    what: fc.constantFrom(
      "start",
      "start",
      "start",
      "settle",
      "settle",
      "pause",
      "resume",
      "again",
    ),
    pick: fc.nat(50),
    scheduled: fc.boolean(),
  }),
  { maxLength: 60 },
);

class World {
  readonly dag: DagState = newDag("d");
  readonly runs = new Map<string, Run>();
  readonly steps: Step[] = [];
  nowMs = 0;

  constructor(maxActiveRuns: number, overlap: Overlap, autoPauseAfter = 0) {
    const version = { fingerprint: "f", maxActiveRuns, overlap, autoPauseAfter };
    this.say({ kind: "apply", version });
  }

  waiting(): string[] {
    return [...this.runs].filter(([, run]) => run.state === "queued").map(([id]) => id);
  }

  say(message: DagMessage): DagDecision {
    const limit = waitingWanted(this.dag, message);
    const held = [...this.dag.active];
    const waiting = this.waiting().filter((id) => !held.includes(id));
    const decision = decideDag(this.dag, message, waiting.slice(0, limit));
    this.steps.push({ message, decision });
    if (decision.kind !== "moved") return decision;
    for (const effect of decision.effects) {
      if (effect.kind === "create_run")
        this.runs.set(effect.runId, {
          state: effect.admitted ? "running" : "queued",
          admissions: effect.admitted ? 1 : 0,
        });
      const run = this.runs.get(effect.runId);
      if (effect.kind === "admit" && run !== undefined) {
        if (run.state === "settled") {
          expect(held, "a run that has ended gets no slot").toContain(effect.runId);
          continue;
        }
        run.state = "running";
        run.admissions += 1;
      }
    }
    return decision;
  }

  running(): string[] {
    return [...this.runs].filter(([, run]) => run.state === "running").map(([id]) => id);
  }

  play(
    list: readonly { what: string; pick: number; scheduled: boolean }[],
    after: () => void,
  ): void {
    for (const [index, { what, pick, scheduled }] of list.entries()) {
      const last = this.steps.at(-1)?.message;
      const running = this.running();
      if (what === "start") this.start(`run-${index}`, scheduled);
      else if (what === "settle" && running.length > 0)
        this.settle(running[pick % running.length] ?? "");
      else if (what === "pause" || what === "resume") this.pause(what === "pause");
      else if (what === "again" && last !== undefined) this.repeat(last);
      after();
    }
  }

  start(runId: string, scheduled = false): void {
    this.say({ kind: "start", runId, exists: this.runs.has(runId), scheduled });
  }
  pause(paused: boolean): void {
    this.say({ kind: "set_paused", paused, by: "user:ana", reason: "" });
  }
  settle(runId: string, counted?: Counted): DagDecision {
    const run = this.runs.get(runId);
    if (run !== undefined) run.state = "settled";
    return this.say({ kind: "settled", runId, settledMs: ++this.nowMs, counted });
  }
  reopen(runId: string): DagDecision {
    const run = this.runs.get(runId);
    if (run !== undefined) run.state = "queued";
    return this.say({ kind: "reopened", runId, reopenedMs: ++this.nowMs });
  }
  repeat(message: DagMessage): void {
    if (message.kind === "start") this.start(message.runId, message.scheduled);
    else this.say(message);
  }
}

const worlds = fc.tuple(fc.integer({ min: 1, max: 4 }), moves);
const check = (
  property: (world: World, list: Parameters<World["play"]>[0], max: number) => void,
): void =>
  fc.assert(
    fc.property(worlds, ([max, list]) => property(new World(max, "queue"), list, max)),
    { numRuns: 300 },
  );

describe("decideDag", () => {
  test("D1. Never more active runs than max_active_runs", () => {
    check((world, list, max) =>
      world.play(list, () => expect(world.running().length).toBeLessThanOrEqual(max)),
    );
  });

  test("D2. A run is admitted at most once, and holds its slot until it is seen settled", () => {
    check((world, list) => {
      world.play(list, () => expect(new Set(world.dag.active)).toEqual(new Set(world.running())));
      for (const run of world.runs.values()) expect(run.admissions).toBeLessThanOrEqual(1);
    });
  });

  test("D2. Who was reopened holds its slot while it is at work, however late and often its ends and reopenings are heard", () => {
    const letters = fc.array(
      fc.tuple(fc.constantFrom("end", "reopen", "hear", "hear again"), fc.nat(50)),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(letters, (list) => {
        const world = new World(2, "queue");
        for (const id of ["a", "b"]) world.start(id);
        const unheard: DagMessage[] = [];
        const heard: DagMessage[] = [];
        const hear = (message: DagMessage | undefined): void => {
          if (message === undefined) return;
          world.say(message);
          heard.push(message);
        };
        for (const [what, pick] of list) {
          const runId = pick % 2 === 0 ? "a" : "b";
          const run = world.runs.get(runId);
          const atMs = ++world.nowMs;
          if (what === "end" && run?.state === "running") {
            run.state = "settled";
            unheard.push({ kind: "settled", runId, settledMs: atMs });
          } else if (what === "reopen" && run?.state === "settled") {
            run.state = "queued";
            unheard.push({ kind: "reopened", runId, reopenedMs: atMs });
          } else if (what === "hear" && unheard.length > 0)
            hear(unheard.splice(pick % unheard.length, 1)[0]);
          else if (what === "hear again" && heard.length > 0) hear(heard[pick % heard.length]);
          for (const id of world.running()) expect(world.dag.active).toContain(id);
        }
        for (const message of unheard) hear(message);
        expect(new Set(world.dag.active)).toEqual(new Set(world.running()));
      }),
      { numRuns: 500 },
    );
  });

  test("D3. A message that was decided once decides nothing the second time", () => {
    check((world, list) => {
      world.play(list, () => {
        const last = world.steps.at(-1);
        if (last?.decision.kind !== "moved") return;
        world.repeat(last.message);
        expect(world.steps.at(-1)?.decision.kind).toBe("nothing");
      });
    });
  });

  test("D4. While runs wait, a new one waits behind them; nobody waits while there is room", () => {
    check((world, list, max) => {
      world.play(list, () => {
        if (!world.dag.paused && world.running().length < max) expect(world.waiting()).toEqual([]);
      });
    });
  });

  test("D5. It is paused by the N-th run that failed in a row and by no earlier one, when it asked for that", () => {
    const ends = fc.array(fc.constantFrom("failed", "failed", "succeeded", "unwatched", "resume"));
    const countMax = fc.integer({ min: 0, max: 4 });
    fc.assert(
      fc.property(countMax, ends, (max, list) => {
        const world = new World(1, "queue", max);
        let inRow = 0;
        for (const [index, end] of list.entries()) {
          if (end === "resume") {
            if (world.dag.paused) inRow = 0;
            world.pause(false);
            continue;
          }
          const runId = `run-${index}`;
          if (world.dag.paused) continue;
          world.start(runId);
          if (end === "failed") inRow += 1;
          if (end === "succeeded") inRow = 0;
          const decision = world.settle(runId, end === "unwatched" ? undefined : end);
          const told = decision.kind === "moved" ? decision.effects.map(({ kind }) => kind) : [];
          const isNth = end === "failed" && inRow === max;
          expect(told.includes("tell_paused")).toBe(isNth);
          expect(world.dag.paused).toBe(isNth);
        }
      }),
    );
  });

  test("D6. A backfill's runs are beside all that: they take no slot, wait for none, and nobody waits for them", () => {
    check((world, list, max) => {
      let count = 0;
      world.play(list, () => {
        const before = [...world.dag.active];
        const runId = `backfill-${count++}`;
        const start: DagMessage = { kind: "start", runId, exists: false, scheduled: false };
        const taken = world.say({ ...start, beside: true });
        expect(taken).toMatchObject({ effects: [{ kind: "create_run", runId, admitted: true }] });
        world.runs.delete(runId); // it is at work, beside those that the model knows
        world.say({ kind: "reopened", runId, reopenedMs: 1, beside: true });
        expect(world.dag.active).toEqual(before);
        if (!world.dag.paused && world.running().length < max) expect(world.waiting()).toEqual([]);
        expect(world.say({ kind: "settled", runId, settledMs: 1 }).kind).toBe("nothing");
      });
    });
  });
});

describe("auto-pause", () => {
  test("says by whom and why, and which runs failed; a resume begins to count anew", () => {
    const world = new World(1, "queue", 2);
    for (const runId of ["a", "b"]) {
      world.start(runId);
      world.settle(runId, "failed");
    }
    expect(world.dag).toMatchObject({
      paused: true,
      pausedBy: "auto-pause",
      pauseReason: "its last 2 runs failed",
      failing: ["a", "b"],
    });
    expect(tellPaused(world.dag)).toEqual([
      {
        kind: "tell_paused",
        runId: "b",
        dagId: "d",
        number: 1,
        reason: "its last 2 runs failed",
        failing: ["a", "b"],
      },
    ]);
    world.pause(false);
    expect(world.dag).toMatchObject({ paused: false, pausedBy: "", pauseReason: "", failing: [] });
    expect(tellPaused(world.dag)).toEqual([]);
  });

  test("a run that was cleared and failed again counts once", () => {
    const world = new World(1, "queue", 2);
    world.start("a");
    world.settle("a", "failed");
    world.reopen("a");
    world.settle("a", "failed");
    expect(world.dag).toMatchObject({ paused: false, failing: ["a"] });
  });

  test("a new version begins to count anew", () => {
    const world = new World(1, "queue", 2);
    world.start("a");
    world.settle("a", "failed");
    const rules = { maxActiveRuns: 1, overlap: "queue" as const, autoPauseAfter: 2 };
    world.say({ kind: "apply", version: { fingerprint: "g", ...rules } });
    expect(world.dag.failing).toEqual([]);
  });

  test("what waits stays where it is when the DAG pauses itself", () => {
    const world = new World(1, "queue", 1);
    world.start("a");
    world.start("b");
    world.settle("a", "failed");
    expect(world.dag.paused).toBe(true);
    expect(world.waiting()).toEqual(["b"]);
  });
});

test("overlap: skip refuses a tick while an earlier run is active, a person's run queues", () => {
  const world = new World(1, "skip");
  world.start("a", true);
  expect(world.say({ kind: "start", runId: "b", exists: false, scheduled: true })).toEqual({
    kind: "rejected",
    why: "an earlier run is still active, and overlap is skip",
    overlap: true,
  });
  world.start("c");
  expect(world.waiting()).toEqual(["c"]);
});

test("overlap: cancel_other asks the active runs to end", () => {
  const world = new World(2, "cancel_other");
  world.start("a", true);
  const decision = world.say({ kind: "start", runId: "b", exists: false, scheduled: true });
  expect(
    decision.kind === "moved" && decision.effects.map(({ kind, runId }) => `${kind} ${runId}`),
  ).toEqual(["cancel_run a", "create_run b"]);
});

test("overlap: allow starts whatever else runs", () => {
  const world = new World(1, "allow");
  world.start("a", true);
  world.start("b", true);
  expect(world.running()).toEqual(["a", "b"]);
});

test("a DAG that was never applied refuses runs by its name", () => {
  const message: DagMessage = { kind: "start", runId: "a", exists: false, scheduled: false };
  expect(decideDag(newDag("nightly"), message, [])).toEqual({
    kind: "rejected",
    why: "no DAG is called nightly",
  });
});

test("a retired DAG starts nothing; applied again it is back, with the same meaning or another", () => {
  const world = new World(1, "queue");
  const version = {
    fingerprint: "f",
    maxActiveRuns: 1,
    overlap: "queue" as const,
    autoPauseAfter: 0,
  };
  expect(world.say({ kind: "retire" }).kind).toBe("moved");
  expect(world.say({ kind: "retire" })).toEqual({ kind: "nothing", why: "it is retired already" });
  const start: DagMessage = { kind: "start", runId: "a", exists: false, scheduled: true };
  expect(world.say(start)).toEqual({
    kind: "rejected",
    why: "DAG d is retired: apply it to bring it back",
  });
  expect(world.say({ kind: "apply", version })).toMatchObject({
    events: [{ type: "version_applied", number: 2 }],
  });
  world.start("a");
  expect(world.running()).toEqual(["a"]);
});
