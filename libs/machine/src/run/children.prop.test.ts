// Two runs that want runs of one DAG, that DAG and its runs, all real states; between them a bus that delivers in any order,
// twice, late or never, until it is quiet and everything that is still wanted is said again.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decideDag, newDag, waitingWanted } from "../dag/dag.ts";
import { planFrom } from "../testing/plans.ts";
import type { Child, Parent } from "./children.ts";
import { answerTo, parentOf } from "./children.ts";
import { decide } from "./decide.ts";
import type { Recorded } from "./events.ts";
import { allWanted, effectsOf } from "./follow.ts";
import type { RunEffect } from "./follow.ts";
import { fold, newRun } from "./fold.ts";
import type { RunMessage } from "./messages.ts";
import { snapshotOf } from "./snapshot.ts";
import type { RunState } from "./state.ts";
import { isSettled } from "./state.ts";

type Start = { readonly runId: string; readonly parent: Parent; readonly unwanted?: string };
type Letter =
  | { readonly to: string; readonly message: RunMessage }
  | { readonly to: "dag"; readonly start: Start }
  | { readonly to: "dag"; readonly settled: string };

const wants = planFrom({ c: { kind: "dag.run", retries: 1, timeoutMs: 5_000 } });
const works = planFrom({ w: {}, last: { role: "teardown" } });

interface Config {
  readonly key: "own" | "shared";
  readonly wait: boolean;
  readonly allowed: readonly string[];
  readonly maxActiveRuns: number;
  readonly workFails: boolean;
}

class World {
  readonly runs = new Map<string, RunState>();
  readonly histories = new Map<string, Recorded[]>();
  readonly dag = newDag("prices");
  readonly config: Config;
  letters: Letter[] = [];
  /** Ends of work that nobody has told yet. */
  ends: Letter[] = [];
  /** Then work ends only when it is asked to. */
  isEndless = false;
  nowMs = 1_000;
  #said = 0;

  constructor(config: Config) {
    this.config = config;
    const version = {
      fingerprint: "f",
      maxActiveRuns: config.maxActiveRuns,
      overlap: "queue" as const,
      autoPauseAfter: 0,
    };
    decideDag(this.dag, { kind: "apply", version }, []);
    for (const id of ["run-a", "run-b"]) {
      this.#make(id, wants);
      this.tell(id, { kind: "start", admitted: true });
    }
  }

  #make(id: string, plan: typeof wants): RunState {
    const facts = { id, dagId: plan === wants ? "release" : "prices", key: id, logicalMs: 0 };
    const state = newRun({ plan, facts, params: {}, event: null });
    this.runs.set(id, state);
    this.histories.set(id, []);
    return state;
  }

  tell(id: string, message: RunMessage): void {
    const state = this.runs.get(id);
    if (state === undefined) throw new Error(`no run ${id}`);
    this.nowMs += 1;
    this.#said += 1;
    const { decision, events } = decide(state, message, {
      nowMs: this.nowMs,
      cause: `m${this.#said}`,
    });
    this.histories.get(id)?.push(...events);
    for (const { event } of events) this.#checkEnd(state, event);
    const { strays = [], answers = [] } = decision.kind === "nothing" ? decision : {};
    for (const effect of [...effectsOf(state, events, strays), ...answers])
      this.carry(state, effect);
  }

  /** An attempt that waits ends only when the run that it alone wanted has. */
  #checkEnd(state: RunState, event: Recorded["event"]): void {
    if (!("t" in event) || event.t !== "c" || !this.config.wait) return;
    if (
      event.type !== "task_succeeded" &&
      event.type !== "attempt_failed" &&
      event.type !== "task_cancelled"
    )
      return;
    const { child } = state.tasks[0] ?? {};
    const wanted = this.runs.get(child?.runId ?? "");
    if (wanted === undefined || wanted.parents.some(({ runId }) => runId !== state.facts.id))
      return;
    expect(isSettled(wanted.status)).toBe(true);
  }

  carry(state: RunState, effect: RunEffect): void {
    const { id } = state.facts;
    const isParent = state.plan === wants;
    switch (effect.kind) {
      case "assign":
        return void this.letters.push(
          ...(isParent ? this.#childLetters(state) : this.#workLetters(state, effect)),
        );
      case "cancel": {
        const { taskId, mapIndex, attempt } = effect;
        const gone = {
          kind: "update" as const,
          taskId,
          mapIndex,
          attempt,
          sequence: 2,
          report: { state: "cancelled" as const },
        };
        const isNamed = isParent && state.tasks[0]?.child !== undefined;
        if (isParent && state.tasks[0]?.attempt !== attempt) return;
        return void this.letters.push(
          ...(isNamed ? this.#childLetters(state, effect.reason) : [{ to: id, message: gone }]),
        );
      }
      case "tell_parent": {
        const answer = answerTo(state, effect.parent);
        if (answer === undefined) return;
        const { taskId, mapIndex, attempt, runId } = effect.parent;
        return void this.letters.push({
          to: runId,
          message: { kind: "update", taskId, mapIndex, attempt, ...answer },
        });
      }
      case "tell_dag":
        if (!isParent) this.letters.push({ to: "dag", settled: id });
        return;
      case "ask_dag":
        this.letters.push({ to: id, message: { kind: "admit" } });
        return;
      default:
    }
  }

  #childLetters(state: RunState, unwanted?: string): Letter[] {
    const [task] = state.tasks;
    if (task === undefined) return [];
    const ref = { taskId: "c", mapIndex: -1 };
    const { attempt, child } = task;
    if (child !== undefined) {
      const parent = parentOf(state, ref, { attempt, child });
      if (parent === undefined) throw new Error("too deep");
      return [
        {
          to: "dag",
          start: { runId: child.runId, parent, ...(unwanted === undefined ? {} : { unwanted }) },
        },
      ];
    }
    const { key, wait, allowed } = this.config;
    const own = key === "shared" ? "shared" : `${state.facts.id}#${attempt}`;
    const named: Child = {
      runId: `run-of-${own}`,
      dagId: "prices",
      key: own,
      params: {},
      wait,
      allowed,
    };
    return [
      { to: state.facts.id, message: { kind: "child_named", ...ref, attempt, child: named } },
    ];
  }

  #workLetters(
    state: RunState,
    { slot, attempt }: Extract<RunEffect, { kind: "assign" }>,
  ): Letter[] {
    const taskId = state.plan.tasks[slot]?.id ?? "";
    const report =
      this.config.workFails && taskId === "w"
        ? { state: "failed" as const, failure: { class: "code" as const, message: "exit code 1" } }
        : { state: "succeeded" as const };
    const update = { kind: "update" as const, taskId, mapIndex: -1, attempt };
    const { id: to } = state.facts;
    if (!this.isEndless || taskId === "last")
      this.ends.push({ to, message: { ...update, sequence: 3, report } });
    return [{ to, message: { ...update, sequence: 1, report: { state: "running" } } }];
  }

  deliver(letter: Letter): void {
    if ("message" in letter) return this.tell(letter.to, letter.message);
    const isStart = "start" in letter;
    const runId = isStart ? letter.start.runId : letter.settled;
    const message = isStart
      ? {
          kind: "start" as const,
          runId,
          exists: this.runs.has(runId),
          scheduled: false,
          unwanted: letter.start.unwanted !== undefined,
        }
      : { kind: "settled" as const, runId, settledMs: 0 };
    const queued = [...this.runs.values()]
      .filter(({ status, plan }) => plan === works && status === "queued")
      .map(({ facts }) => facts.id);
    const decision = decideDag(
      this.dag,
      message,
      queued.slice(0, waitingWanted(this.dag, message)),
    );
    if (isStart && decision.kind === "nothing") {
      const { parent, unwanted: leaves } = letter.start;
      this.letters.push({ to: runId, message: { kind: "joined", parent, leaves } });
    }
    if (decision.kind !== "moved") return;
    for (const effect of decision.effects) {
      if (effect.kind === "admit")
        this.letters.push({ to: effect.runId, message: { kind: "admit" } });
      if (effect.kind !== "create_run" || !isStart) continue;
      const { parent, unwanted } = letter.start;
      this.#make(runId, works);
      this.tell(runId, { kind: "start", admitted: effect.admitted, parent, unwanted });
    }
  }

  /** Everything on its way arrives, and what is wanted is said again, until nothing is wanted any more. */
  calm(): void {
    for (let round = 0; round < 60; round++) {
      this.letters.push(...this.ends.splice(0));
      while (this.letters.length > 0) {
        const letter = this.letters.shift();
        if (letter !== undefined) this.deliver(letter);
      }
      this.nowMs += 10_000;
      for (const [id, state] of this.runs)
        if (!isSettled(state.status)) this.tell(id, { kind: "timer" });
      for (const state of this.runs.values()) {
        if (this.dag.active.includes(state.facts.id) && state.status === "queued")
          this.letters.push({ to: state.facts.id, message: { kind: "admit" } });
        const effects = allWanted(state, { accepted: true });
        for (const effect of effects)
          if (effect.kind !== "tell_dag" || this.dag.active.includes(state.facts.id))
            this.carry(state, effect);
      }
      if (this.letters.length + this.ends.length === 0) return;
    }
    throw new Error(`never calm: ${JSON.stringify(this.letters.slice(0, 3))}`);
  }
}

const configs: fc.Arbitrary<Config> = fc.record({
  key: fc.constantFrom("own", "shared"),
  wait: fc.constantFrom(true, true, true, false),
  allowed: fc.constantFrom(
    ["succeeded"],
    ["succeeded", "failed"],
    ["succeeded", "failed", "cancelled"],
  ),
  maxActiveRuns: fc.constantFrom(1, 16),
  workFails: fc.boolean(),
});
const moves = fc.array(
  fc.record({
    what: fc.constantFrom(
      ...Array.from({ length: 7 }, () => "deliver"),
      ...["twice", "lose", "cancel", "clear", "clear", "timer", "end", "work"],
    ),
    pick: fc.nat(1_000),
  }),
  { maxLength: 60, size: "max" },
);
const by = { by: "user:ana", reason: "asked" };

function play(config: Config, list: readonly { what: string; pick: number }[]): World {
  const world = new World(config);
  for (const { what, pick } of list) {
    const id = pick % 2 === 0 ? "run-a" : "run-b";
    const at = pick % Math.max(1, world.letters.length);
    const letter = world.letters[at];
    const all = { tasks: [], upstream: false, downstream: false, onlyFailed: false };
    if (what === "cancel") world.tell(id, { kind: "cancel", ...by });
    else if (what === "clear") world.tell(id, { kind: "clear", ...all, ...by });
    else if (what === "timer") {
      world.nowMs += 6_000;
      world.tell(id, { kind: "timer" });
    } else if (what === "work") {
      world.letters.push(...world.ends.splice(pick % Math.max(1, world.ends.length), 1));
    } else if (what === "end") {
      const children = [...world.runs.values()].filter(({ plan }) => plan === works);
      const child = children[pick % Math.max(1, children.length)];
      if (child !== undefined) world.tell(child.facts.id, { kind: "cancel", ...by });
    } else if (letter !== undefined) {
      if (what !== "twice") world.letters.splice(at, 1);
      if (what !== "lose") world.deliver(letter);
    }
  }
  return world;
}

const check = (property: (world: World) => void): void =>
  fc.assert(
    fc.property(configs, moves, (config, list) => property(play(config, list))),
    { numRuns: 400 },
  );

test("C1. An attempt names at most one child, and none once it is asked to end", () => {
  check(({ histories }) => {
    for (const events of histories.values()) {
      const named = new Set<number>();
      const ending = new Set<number>();
      for (const { event } of events) {
        if (event.type === "task_cancelling") ending.add(event.a);
        if (event.type !== "child_named") continue;
        expect(named.has(event.a) || ending.has(event.a)).toBe(false);
        named.add(event.a);
      }
    }
  });
});

test("C2. A run hears each attempt that waits for it at most once; a run that is settled hears of none", () => {
  check(({ runs, histories }) => {
    for (const [id, { parents }] of runs) {
      const names = parents.map(({ runId, attempt }) => `${runId} ${attempt}`);
      expect(new Set(names).size).toBe(names.length);
      let isOver = false;
      for (const { event } of histories.get(id) ?? []) {
        if (event.type === "run_settled") isOver = true;
        if (event.type === "run_reopened") isOver = false;
        if (event.type === "parent_joined" || event.type === "parent_left")
          expect(isOver).toBe(false);
      }
    }
  });
});

test("C3. A run that a waiting task started is cancelled by tasks only when no task waits for it any more", () => {
  check(({ histories }) => {
    for (const events of histories.values()) {
      const waiting = new Map<string, boolean>();
      for (const { event } of events) {
        if (event.type === "run_cancelling" && event.by.startsWith("release/"))
          expect([...waiting.values()]).not.toContain(true);
        const parent = "parent" in event ? event.parent : undefined;
        if (parent !== undefined)
          waiting.set(`${parent.runId} ${parent.attempt}`, parent.wait && parent.left !== true);
      }
    }
  });
});

test("whatever is lost, late or said twice: every run settles, no child is left at work, and an attempt ends after its run", () => {
  check((world) => {
    world.calm();
    for (const [id, state] of world.runs) {
      expect([id, isSettled(state.status)]).toEqual([id, true]);
      const init = { plan: state.plan, facts: state.facts, params: {}, event: null };
      const history = JSON.parse(JSON.stringify(world.histories.get(id))) as Recorded[];
      expect(snapshotOf(fold(init, history))).toEqual(snapshotOf(state));
    }
    expect(world.dag.active).toEqual([]);
  });
});

test("when the runs that wait are cancelled, nothing is left at work that they started", () => {
  check((world) => {
    if (!world.config.wait) return;
    world.ends = world.ends.filter(
      (letter) =>
        !("message" in letter) || !("taskId" in letter.message) || letter.message.taskId === "last",
    );
    world.isEndless = true;
    for (const id of ["run-a", "run-b"]) world.tell(id, { kind: "cancel", ...by });
    world.calm();
    for (const [id, { status }] of world.runs) expect([id, isSettled(status)]).toEqual([id, true]);
  });
});
