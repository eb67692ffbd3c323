// The world outside: a cluster with pods, the runner that starts and watches them, a mailer with its ledger.
// Pods are created by name, so creating twice is creating once, as long as the finished pod is kept.
import { isClaimable } from "../../libs/machine/src/index.ts";
import type { AttemptReport, Json, RunState } from "../../libs/machine/src/index.ts";
import type { OutMessage } from "../../libs/bus/src/index.ts";
import { attemptIdOf } from "../../libs/contracts/src/index.ts";
import { admit, sinceDecided } from "../../libs/runner/src/core/admission.ts";
import type { Said } from "../../libs/runner/src/translate.ts";
import { updateMessage } from "../../libs/runner/src/translate.ts";
import { attemptNumberOf } from "./attempt-number.ts";
import type { ModelBus, Message, TaskBody } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Mutation } from "./mutations.ts";
import type { Random } from "../support/random.ts";
import { publish } from "./say.ts";
import { labelAt, taskAt } from "./task-at.ts";
import { STEP_MS } from "./time-scale.ts";

interface Pod {
  readonly task: TaskBody;
  state: "running" | "succeeded" | "failed" | "deleted";
  reported: boolean;
  output: Json | undefined;
  /** Its process never ends by itself. */
  readonly hangs: boolean;
  /** When its end was seen in the attempt's state. */
  confirmedMs: number | undefined;
}

interface Creation {
  readonly message: Message<TaskBody>;
  readonly hangs: boolean;
  readonly sinceMs: number;
}

/** A cluster that has not answered by then has refused: shorter than a pod is kept. */
const CREATION_MS_MAX = 15 * STEP_MS;
/** A pod is kept after its end is confirmed, longer than an assignment may be without a claim, and no longer. */
const POD_KEPT_MS = 21 * STEP_MS;

/** A cancel is on its way: a pod that is created now is deleted next, and seen gone. */
function isBeingCancelled(state: RunState | undefined, body: TaskBody): boolean {
  const task = taskAt(state, body);
  return task?.attempt === body.attempt && task.status === "cancelling";
}

export class Outside {
  readonly pods = new Map<string, Pod>();
  /** Times a mail left for a run. */
  readonly mails = new Map<string, number>();
  /** What the runner has heard cancels of, since it lives. */
  readonly #cancelled = new Set<string>();
  #hearsSinceMs = 0;
  /** Assignments in the hands of a replica that waits for the cluster; the others go on meanwhile. */
  readonly creating = new Map<string, Creation>();
  /** Whose cancel is not answered: somebody may be about to create it. */
  readonly asked = new Map<string, TaskBody>();
  readonly #ledger = new Map<string, "claimed" | "sent" | "unconfirmed">();
  /** Set at once when something outside is wrong. */
  problem: string | undefined;
  /** Tasks whose output is a list of files. */
  readonly #lists: ReadonlySet<string>;
  readonly #bus: ModelBus;
  readonly #database: ModelDatabase;
  readonly #mutation: Mutation;

  constructor(
    bus: ModelBus,
    database: ModelDatabase,
    { mutation, lists }: { mutation: Mutation; lists: ReadonlySet<string> },
  ) {
    this.#lists = lists;
    this.#bus = bus;
    this.#database = database;
    this.#mutation = mutation;
  }

  /** The runner gets an assignment; `crash` kills it somewhere on the way. `slow`: the cluster takes its time. */
  assign(
    message: Message<TaskBody>,
    nowMs: number,
    how: { crash: "none" | "before_work" | "before_ack"; hangs: boolean; slow?: boolean },
  ): void {
    const { body } = message;
    const { crash, hangs } = how;
    if (this.#mutation === "ack_before_work") this.#bus.tasks.ack(message.id);
    const admission = this.#admit(message, nowMs);
    if (crash !== "none") this.#forget(nowMs);
    if (crash === "before_work") return;
    if (admission === "cancelled") {
      this.#bus.tasks.ack(message.id);
      return this.report(body, { state: "cancelled" }, 3, nowMs);
    }
    const state = this.#database.state(body.runId);
    const isWanted = state !== undefined && isClaimable(state, body);
    if (admission === "claim" && !isWanted) return this.#bus.tasks.ack(message.id);
    if (how.slow === true && body.taskId !== "mail")
      return void this.creating.set(message.id, { message, hangs, sinceMs: nowMs });
    if (body.taskId === "mail") {
      if (this.#mail(body, crash === "before_ack")) return;
    } else this.#create(body, hangs);
    if (crash === "before_ack") return;
    if (body.taskId === "mail") this.report(body, { state: "succeeded" }, 3, nowMs);
    else this.report(body, { state: "accepted" }, 1, nowMs);
    this.#bus.tasks.ack(message.id);
  }

  /** The cluster answers at last, or not in time. Whoever asked it has heard all cancels, and ends the pod. */
  created(id: string, nowMs: number): void {
    const creation = this.creating.get(id);
    this.creating.delete(id);
    if (creation === undefined || nowMs - creation.sinceMs > CREATION_MS_MAX) return;
    const { hangs, message } = creation;
    const { body } = message;
    this.#create(body, hangs);
    this.report(body, { state: "accepted" }, 1, nowMs);
    this.#bus.tasks.ack(id);
    if (this.#cancelled.has(this.#nameOf(body))) this.cancel(body, nowMs);
  }

  /** Once more for what was to end and was not there. */
  look(nowMs: number): void {
    const asked = [...this.asked.values()];
    this.asked.clear();
    for (const task of asked) this.cancel(task, nowMs);
  }

  #assignmentOf({ runId, attempt, ...task }: TaskBody): Message<TaskBody> | undefined {
    return [...this.#bus.tasks.messages.values()].find(
      ({ body }) =>
        body.runId === runId && body.attempt === attempt && labelAt(body) === labelAt(task),
    );
  }

  /** By the rules of the real runner. */
  #admit({ body, deliveries, publishedMs, decidedMs }: Message<TaskBody>, nowMs: number) {
    const clocks = { nowMs, hearsSinceMs: this.#hearsSinceMs };
    const age = sinceDecided({ ageMs: nowMs - publishedMs }, { assignedMs: decidedMs }, clocks);
    const cancelled = this.#cancelled.has(this.#nameOf(body));
    return admit({ shape: "job", deliveryCount: deliveries, cancelled, ...age });
  }

  /** It died: the next one hears cancels from now on. */
  #forget(nowMs: number): void {
    this.#cancelled.clear();
    this.#hearsSinceMs = nowMs;
  }

  #create(task: TaskBody, hangs: boolean): void {
    const state = this.#database.state(task.runId);
    const isWanted =
      (state !== undefined && isClaimable(state, task)) || isBeingCancelled(state, task);
    const name = this.#nameOf(task);
    const there = this.pods.get(name);
    if (there !== undefined) {
      if (there.task.attempt !== task.attempt || there.task.mapIndex !== task.mapIndex)
        this.problem ??= `S3 attempt ${task.attempt} of ${labelAt(task)} adopts the pod of attempt ${there.task.attempt} of ${labelAt(there.task)}`;
      return;
    }
    if (!isWanted) this.problem ??= `S2 a pod for ${name}, whose attempt has ended`;
    const twin = [...this.pods.values()].find(
      (pod) =>
        pod.state === "running" &&
        pod.task.runId === task.runId &&
        labelAt(pod.task) === labelAt(task),
    );
    if (twin !== undefined)
      this.problem ??= `S4 two pods of ${task.runId}/${labelAt(task)} at once`;
    this.pods.set(name, {
      task,
      state: "running",
      reported: false,
      output: undefined,
      hangs,
      confirmedMs: undefined,
    });
  }

  #nameOf(task: TaskBody): string {
    const label = this.#mutation === "instances_share_a_name" ? task.taskId : labelAt(task);
    return `${task.runId}/${label}/${attemptNumberOf(task.attempt, this.#mutation)}`;
  }

  /** Claim, send, confirm. True when it died on the way. */
  #mail(task: TaskBody, dies: boolean): boolean {
    const key = task.runId;
    if (this.#mutation !== "mailer_without_key") {
      const known = this.#ledger.get(key);
      if (known === "claimed") this.#ledger.set(key, "unconfirmed"); // never sent again by itself
      if (known !== undefined) return false;
      this.#ledger.set(key, "claimed");
    }
    this.mails.set(key, (this.mails.get(key) ?? 0) + 1);
    if ((this.mails.get(key) ?? 0) > 1) this.problem ??= `S1 run ${key} mailed twice`;
    if (dies) return true;
    this.#ledger.set(key, "sent");
    return false;
  }

  isDoubtful = (runId: string): boolean => this.#ledger.get(runId) === "unconfirmed";

  /** A pod's process ends. */
  endPod(pod: Pod, random: Random, calm: boolean): void {
    pod.state = random.chance(calm ? 0.95 : 0.6) ? "succeeded" : "failed";
    if (this.#lists.has(pod.task.taskId))
      pod.output = { files: ["a", "b", "c"].slice(0, Math.floor(random.next() * 4)) };
  }

  /**
   * The runner sees finished pods, and says so in one call; it may die after that, and then says so again. `stray`: of an
   * attempt of nobody.
   */
  watch(
    pods: readonly Pod[],
    nowMs: number,
    { dies, stray }: { dies: boolean; stray: boolean },
  ): void {
    const said = pods.map((pod) => this.#update(pod.task, endOf(pod), 3, nowMs));
    const [first] = pods;
    if (stray && first !== undefined) said.splice(1, 0, this.#stray(first.task, nowMs));
    this.#publish(said, nowMs);
    if (!dies) for (const pod of pods) pod.reported = true;
  }

  started(pods: readonly Pod[], nowMs: number): void {
    this.#publish(
      pods.map(({ task }) => this.#update(task, { state: "running" }, 2, nowMs)),
      nowMs,
    );
  }

  cancel(task: TaskBody, nowMs: number): void {
    this.#cancelled.add(this.#nameOf(task));
    const pod = this.pods.get(this.#nameOf(task));
    if (pod === undefined) {
      const assignment = this.#assignmentOf(task);
      const isInHand = assignment !== undefined && this.creating.has(assignment.id);
      if (isInHand && this.#mutation !== "absence_believed_too_soon")
        return void this.asked.set(assignment.id, task);
      // Never created, and nobody can any more.
      if (assignment !== undefined && !isInHand) this.#bus.tasks.ack(assignment.id);
      return this.report(task, { state: "cancelled" }, 3, nowMs);
    }
    if (pod.state === "running") pod.state = "deleted";
    pod.reported = false;
  }

  collect(nowMs: number): void {
    for (const [name, pod] of this.pods) {
      if (!pod.reported || !this.#isConfirmed(pod)) continue;
      pod.confirmedMs ??= nowMs;
      if (nowMs - pod.confirmedMs > POD_KEPT_MS) this.pods.delete(name);
    }
  }

  /** The evidence is kept until the attempt is settled. */
  #isConfirmed({ task }: Pod): boolean {
    const state = this.#database.state(task.runId);
    return state === undefined || !isClaimable(state, task);
  }

  report(task: TaskBody, report: AttemptReport, sequence: number, nowMs: number): void {
    this.#publish([this.#update(task, report, sequence, nowMs)], nowMs);
  }

  #publish(said: readonly OutMessage[], nowMs: number): void {
    const voice = { bus: this.#bus, database: this.#database, mutation: this.#mutation, nowMs };
    publish(voice, said);
  }

  #update(task: TaskBody, report: AttemptReport, sequence: number, nowMs: number): OutMessage {
    const isMixedUp = this.#mutation === "instances_mixed_up" && task.mapIndex >= 0;
    const named = { ...task, mapIndex: isMixedUp ? 0 : task.mapIndex };
    const ref = { ...named, attemptId: attemptIdOf(task), traceparent: undefined };
    const times = sequence >= 2 ? { startedMs: nowMs } : {};
    return updateMessage({ ref, sequence, said: saidOf(report), times, link: "" });
  }

  /** In the same company: it cannot be read, or is of a task that its run does not have. */
  #stray(task: TaskBody, nowMs: number): OutMessage {
    const { strays } = this.#bus;
    const wrong = { ...task, taskId: "nobody" };
    const update = this.#update(wrong, { state: "running" }, strays.length + 1, nowMs);
    const { id = "" } = update;
    strays.push(id);
    return strays.length % 2 === 0 ? update : { ...update, data: Buffer.from("?") };
  }
}

const endOf = ({ state, output }: Pod): AttemptReport => {
  if (state === "succeeded") return { state, ...(output === undefined ? {} : { output }) };
  return state === "deleted"
    ? { state: "cancelled" }
    : { state: "failed", failure: { class: "code", message: "exit code 1" } };
};

function saidOf(report: AttemptReport): Said {
  if (report.state === "succeeded") {
    const { state, output } = report;
    return { state, outputJson: output === undefined ? "" : JSON.stringify(output) };
  }
  if (report.state !== "failed") return report;
  const { message } = report.failure;
  return { state: "failed", failure: { class: "code", message } };
}
