// Deterministic simulation of the whole protocol: ticks → scheduler → state machine (two replicas) → runner and mailer
// → state machine. The real deciders, batches and judgements run; bus, database and cluster are models.
// One thread, one seed, virtual time: each step the seed picks one enabled action, and faults are actions, too.
// First with faults: safety is checked after every step. Then without: everything must come to its end (liveness).
//   S1 nobody is mailed twice            S2 a pod only for an attempt that is wanted
//   S3 an attempt never adopts another's pod     S4 never two pods of a task at once
//   S5 a tick marked fired has its run   D1 never more active runs than allowed
//   D2 a DAG pauses itself with the failure it should, and nothing begins while it is paused
//   O1 a command that was told to count does   O2 no command works twice on a task   O3 a run that is done again is
//   of the version asked for   O4 what somebody says that a task is, it stays
//   M1 M2 never more indexes at work than allowed, none before its own   M3 an instance for each item
//   H1 what depends on the past waits for it
//   P1 never more at work than a pool has slots
//   C1 each wanted run exists at most once, and its parent knows it     C2 no run works for which nobody waits
//   I1 what makes no sense is a dead letter by itself, whatever it travels with
//   A1 a question is answered once, after it was asked     A2 who is told that his answer counts, is right
//   L1 every tick ends in a settled run  L2 a green run has been mailed once, or the doubt is shown
//   L3 every slot of a pool comes back   L4 and every slot of a DAG
import { isSettled } from "../../libs/machine/src/index.ts";
import { timerDue } from "../../services/state-machine/src/say/messages.ts";
import type { Action } from "./action.ts";
import type { Message, ModelBus, TaskBody } from "./model-bus.ts";
import { modelBus } from "./model-bus.ts";
import { letterOf } from "./model-inbox.ts";
import { ModelDatabase } from "./model-database.ts";
import type { Mutation } from "./mutations.ts";
import { overmapped, tooEarlyInside, wronglyMapped } from "./mapping-check.ts";
import { forgotten, wronglyOperated } from "./operations-check.ts";
import { Operators } from "./operators.ts";
import { Outside } from "./outside.ts";
import { hasten } from "./past-check.ts";
import { People } from "./people.ts";
import { wronglyAnswered } from "./approvals-check.ts";
import { strayChild } from "./children-check.ts";
import { wronglyPaused } from "./pause-check.ts";
import { giveUp, resayAll } from "./planted.ts";
import type { Random } from "../support/random.ts";
import { randomFrom } from "../support/random.ts";
import type { Crash, CrashPoint } from "./replica.ts";
import { NO_CRASH, Replica } from "./replica.ts";
import { Scheduler } from "./scheduler.ts";
import { post, type Voice } from "./say.ts";
import { STEP_MS } from "./time-scale.ts";
import { slotKept, slotless, tooManyActive } from "./slots-check.ts";
import { Sweeper } from "./sweeper.ts";
import { unburied, wronglyBuried } from "./inbox-check.ts";
import { overfull, unreturned } from "./pools-check.ts";
import type { Scenario } from "./scenario.ts";

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly ticks: number;
  readonly faultSteps: number;
  readonly stepsMax: number;
  readonly mutation?: Mutation;
  /** With it the store of the bus may be lost, and the sweeper heals; without it the un-acked message is the outbox. */
  readonly sweeper: boolean;
  /** A replica may stand still, for longer than a message waits for it, and then go on as if nothing had happened. */
  readonly standsStill?: boolean;
  /** A replica of the runner may wait long for the cluster to create a pod. */
  readonly isSlow?: boolean;
}
export interface SimulationResult {
  readonly ok: boolean;
  readonly problem: string;
  readonly steps: number;
  readonly log: readonly string[];
}

export function simulate(seed: number, options: SimulationOptions): SimulationResult {
  const world = new SimulatedWorld(randomFrom(seed), options);

  const log: string[] = [];
  for (let step = 0; step < options.stepsMax; step++) {
    const action = world.choose(step < options.faultSteps);
    if (action === undefined) break;
    log.push(`${world.nowMs} ${action[0]}`);
    action[2]();
    const problem = world.unsafe();
    if (problem !== undefined) return { ok: false, problem, steps: step, log };
  }
  const problem = world.unfinished();
  return { ok: problem === undefined, problem: problem ?? "", steps: log.length, log };
}

class SimulatedWorld {
  nowMs = 1_000_000;
  readonly #random: Random;
  readonly #options: SimulationOptions;
  readonly #mutation: Mutation;
  readonly #bus: ModelBus;
  readonly #database: ModelDatabase;
  readonly #replicas: readonly Replica[];
  readonly #outside: Outside;
  readonly #scheduler: Scheduler;
  readonly #people: People;
  readonly #operators: Operators;
  readonly #sweeper: Sweeper;
  /** Commits that the rows were looked at after. */
  #looked = 0;

  constructor(random: Random, options: SimulationOptions) {
    this.#random = random;
    this.#options = options;
    this.#mutation = options.mutation ?? "none";
    this.#bus = modelBus(this.#mutation);
    this.#database = new ModelDatabase(options.scenario);
    this.#replicas = [0, 1].map(() => new Replica(this.#bus, this.#database, this.#mutation));
    const lists = new Set(Object.values(options.scenario.lists ?? {}));
    this.#outside = new Outside(this.#bus, this.#database, { mutation: this.#mutation, lists });
    this.#people = new People(random);
    this.#operators = new Operators(random);
    this.#sweeper = new Sweeper(random);
    this.#scheduler = new Scheduler(this.#bus, this.#database, this.#mutation, options.ticks);
  }

  /** One of the actions that are possible now; when there is none, time goes on to the next thing due. */
  choose(faults: boolean): Action | undefined {
    for (let jumps = 0; jumps < 50; jumps++) {
      this.nowMs += STEP_MS;
      const actions = this.#actions(faults);
      const total = actions.reduce((sum, [, weight]) => sum + weight, 0);
      let at = this.#random.next() * total;
      const found = actions.find(([, weight]) => (at -= weight) < 0);
      if (found !== undefined) return found;
      if (this.unfinished() === undefined) return undefined;
      this.nowMs += 30 * STEP_MS;
    }
    return undefined;
  }

  #actions(faults: boolean): Action[] {
    const { inbox, tasks, cancels } = this.#bus;
    const random = this.#random;
    const dies = (p: number): boolean => faults && random.chance(p);
    const actions: Action[] = [];
    if (inbox.free(this.nowMs).length > 0 || this.#replicas.some(isAtWork))
      actions.push(["decide", 10, () => this.#decide(faults)]);
    const { creating, asked } = this.#outside;
    const assignable = [...tasks.messages.values()].filter(({ id }) => !creating.has(id));
    if (assignable.length > 0) actions.push(["assign", 6, () => this.#assign(assignable, faults)]);
    if (creating.size > 0) actions.push(...this.#creations(faults));
    if (asked.size > 0) actions.push(["look", 2, () => this.#outside.look(this.nowMs)]);
    if (cancels.length > 0)
      actions.push([
        "cancel",
        4,
        () => this.#outside.cancel(cancels.shift() ?? never(), this.nowMs),
      ]);
    const pods = [...this.#outside.pods.values()];
    const running = pods.filter((pod) => pod.state === "running");
    const ended = pods.filter((pod) => pod.state !== "running" && !pod.reported);
    if (running.length > 0) {
      actions.push([
        "pod starts",
        2,
        () => this.#outside.started(some(random, running), this.nowMs),
      ]);
      const ending = running.filter(({ hangs }) => !hangs);
      if (ending.length > 0)
        actions.push([
          "pod ends",
          3,
          () => this.#outside.endPod(random.pick(ending), random, !faults),
        ]);
    }
    if (ended.length > 0)
      actions.push([
        "watch",
        4,
        () =>
          this.#outside.watch(some(random, ended), this.nowMs, {
            ...{ dies: dies(0.3), stray: dies(0.1) },
          }),
      ]);
    const due = this.#due();
    if (due.length > 0) actions.push(["timer", 5, () => this.#timer(random.pick(due), dies(0.3))]);
    if (this.#scheduler.hasWork(this.nowMs))
      actions.push(["tick", 3, () => this.#scheduler.tick(this.nowMs, dies(0.3))]);
    if (pods.length > 0) actions.push(["collect", 1, () => this.#outside.collect(this.nowMs)]);
    if (this.#options.sweeper) {
      const standsStill = this.#options.standsStill === true && faults;
      actions.push(...this.#sweeper.actions(this.#voice(), this.#outside, { faults, standsStill }));
    }
    actions.push(...this.#asked(faults));
    actions.push(...this.#stillness(faults));
    if (faults) actions.push(...this.#faults());
    const idle = actions.every(([name]) => name === "collect" || name === "sweep");
    return idle && random.chance(0.5) ? [] : actions;
  }

  /** One at a time: else nobody would find out. */
  #stillness(faults: boolean): Action[] {
    const { nowMs } = this;
    const still = this.#replicas.find(({ isStill }) => isStill);
    if (still !== undefined)
      return [["a replica goes on", faults ? 0.3 : 3, () => still.goOn(nowMs)]];
    const busy = this.#replicas.filter(({ isIdle }) => !isIdle);
    if (!faults || this.#options.standsStill !== true || busy.length === 0) return [];
    return [["a replica stands still", 1, () => this.#random.pick(busy).standStill(nowMs)]];
  }

  /** Where a replica at work may be stopped. */
  get #crashes(): readonly CrashPoint[] {
    const mayStop =
      this.#options.standsStill === true && !this.#replicas.some(({ isStill }) => isStill);
    return mayStop ? [...CRASHES, "still_before_commit", "still_after_commit"] : CRASHES;
  }

  #faults(): Action[] {
    const random = this.#random;
    const { inbox } = this.#bus;
    const actions: Action[] = [
      ["replica crashes", 0.3, () => random.pick(this.#replicas).crash(this.nowMs)],
      ["an ack is lost", 0.3, () => (inbox.losesAck = true)],
    ];
    if (this.#options.sweeper)
      actions.push([
        "the store of the bus is lost",
        0.05,
        () => {
          this.#bus.inbox.lose();
          this.#bus.tasks.lose();
          this.#bus.wentBack = true;
        },
      ]);
    if (this.#people.mayCancel(this.#voice()))
      actions.push(["somebody cancels", 0.1, () => this.#people.cancel(this.#voice())]);
    if (this.#people.mayPause())
      actions.push(["somebody pauses", 0.1, () => this.#people.pause(this.#voice())]);
    return actions;
  }

  #voice(): Voice {
    const { nowMs } = this;
    return { bus: this.#bus, database: this.#database, mutation: this.#mutation, nowMs };
  }

  /** What people do: also when all goes well, for nothing goes on without them. */
  #asked(faults: boolean): Action[] {
    const actions: Action[] = [];
    const questions = this.#people.questions(this.#voice(), faults);
    if (questions.length > 0)
      actions.push(["somebody answers", 1, () => this.#people.answer(this.#voice(), questions)]);
    for (const dagId of this.#people.pausedDags(this.#voice()))
      actions.push(["somebody resumes", 1, () => this.#people.resume(this.#voice(), dagId)]);
    if (this.#options.scenario.isOperated === true) actions.push(...this.#operations(faults));
    return actions;
  }

  #operations(faults: boolean): Action[] {
    const voice = this.#voice();
    const runs = faults ? this.#operators.runs(voice) : [];
    const obstacles = this.#operators.obstacles(voice);
    const actions: Action[] = [];
    if (runs.length > 0)
      actions.push(["somebody operates", 0.3, () => this.#operators.operate(voice, runs)]);
    if (obstacles.length > 0)
      actions.push(["somebody helps", 0.5, () => this.#operators.help(voice, obstacles)]);
    return actions;
  }

  #decide(faults: boolean): void {
    const random = this.#random;
    const free = this.#bus.inbox.free(this.nowMs);
    const replica = random.pick(free.length > 0 ? this.#replicas : this.#replicas.filter(isAtWork));
    const count = 1 + Math.floor(random.next() * 4);
    for (let i = 0; i < count && free.length > 0; i++) {
      const [letter] = free.splice(Math.floor(random.next() * free.length), 1);
      if (letter !== undefined) replica.receive(letter, this.nowMs);
    }
    if (replica.isStill) return;
    const part = random.chance(0.7) ? 1 : random.next();
    const crash: Crash =
      faults && random.chance(0.3)
        ? { at: random.pick(this.#crashes), part: random.next() }
        : NO_CRASH;
    const batch = replica.work(this.nowMs, { part, crash });
    if (this.#mutation === "resay_without_state_filter") resayAll(this.#voice(), batch);
    if (this.#mutation === "clear_before_old_seen_gone")
      for (const runId of this.#database.runs.keys())
        giveUp(this.#voice(), this.#outside, {
          ...{ runId, isGivenUp: ({ cancelFor }) => cancelFor === "clear" },
        });
  }

  #creations(faults: boolean): Action[] {
    const { creating } = this.#outside;
    const one = (): string => this.#random.pick([...creating.keys()]);
    const actions: Action[] = [
      ["a pod is created at last", faults ? 1 : 5, () => this.#outside.created(one(), this.nowMs)],
    ];
    if (faults) actions.push(["its runner dies", 0.3, () => creating.delete(one())]);
    return actions;
  }

  #assign(messages: readonly Message<TaskBody>[], faults: boolean): void {
    const dies = faults && this.#random.chance(0.3);
    const message = this.#random.pick(messages);
    message.deliveries += 1;
    const crash = dies ? this.#random.pick(["before_work", "before_ack"] as const) : "none";
    const hangs = faults && this.#random.chance(0.2);
    const slow = this.#options.isSlow === true && crash === "none" && this.#random.chance(0.4);
    this.#outside.assign(message, this.nowMs, { crash, hangs, slow });
  }

  #due(): string[] {
    return [...this.#database.runs.keys()].filter((runId) => {
      const state = this.#database.state(runId);
      return state?.wakeMs !== undefined && state.wakeMs <= this.nowMs && !isSettled(state.status);
    });
  }

  #timer(runId: string, dies: boolean): void {
    const due = timerDue(runId, this.#database.state(runId)?.wakeMs ?? 0);
    if (this.#mutation === "timer_decided_directly") {
      const replica = new Replica(this.#bus, this.#database, this.#mutation);
      replica.receive(letterOf(due, { publishedMs: this.nowMs, sequence: 0 }), this.nowMs);
      const crash = dies ? { at: "after_commit" as const, part: 1 } : NO_CRASH;
      replica.work(this.nowMs, { part: 1, crash });
    } else post(this.#voice(), due);
    if (this.#mutation === "retry_before_old_seen_gone")
      giveUp(this.#voice(), this.#outside, {
        runId,
        isGivenUp: ({ status }) => status === "cancelling" || status === "running",
      });
  }

  unsafe(): string | undefined {
    const database = this.#database;
    const outside =
      this.#outside.problem ??
      this.#scheduler.problem() ??
      overfull(database, this.#outside) ??
      overmapped(database, this.#outside) ??
      tooEarlyInside(database, this.#outside);
    if (outside !== undefined || this.#looked === database.commits) return outside;
    this.#looked = database.commits;
    return (
      tooManyActive(database) ??
      (this.#options.sweeper ? undefined : slotless(database, this.#bus)) ??
      wronglyBuried(this.#bus) ??
      strayChild(database) ??
      wronglyAnswered(database, this.#bus) ??
      wronglyPaused(database) ??
      wronglyOperated(database, this.#bus) ??
      hasten(database)
    );
  }

  unfinished(): string | undefined {
    const open = this.#scheduler.open();
    if (open !== undefined) return `L1 ${open}`;
    for (const runId of this.#database.runs.keys()) {
      const state = this.#database.state(runId);
      if (state === undefined || !isSettled(state.status))
        return `L1 run ${runId} is ${state?.status ?? "gone"}`;
      const mails = this.#outside.mails.get(runId) ?? 0;
      const isMailed = state.plan.indexOf.has("mail");
      if (
        isMailed &&
        state.status === "succeeded" &&
        mails !== 1 &&
        !this.#outside.isDoubtful(runId)
      )
        return `L2 run ${runId} is green and was mailed ${mails} times`;
    }
    const lists = this.#options.scenario.lists ?? {};
    return (
      unreturned(this.#database) ??
      slotKept(this.#database) ??
      (this.#options.sweeper ? undefined : unburied(this.#bus)) ??
      wronglyMapped(this.#database, lists) ??
      forgotten(this.#database)
    );
  }
}

const isAtWork = ({ isIdle, isStill }: Replica): boolean => !isIdle && !isStill;

const CRASHES = [
  ...(["before_commit", "after_commit", "while_publishing"] as const),
  ...(["after_publish", "while_acking"] as const),
];

/** A few of them, in one go. */
function some<T>(random: Random, all: readonly T[]): T[] {
  const chosen = new Set([random.pick(all), random.pick(all), random.pick(all)]);
  return [...chosen].slice(0, 1 + Math.floor(random.next() * 3));
}

function never(): never {
  throw new Error("nothing there");
}
