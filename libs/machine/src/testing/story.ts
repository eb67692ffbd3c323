// A run told as a story: what is said to it, and what becomes of it.
import { decide } from "../run/decide.ts";
import { effectsOf } from "../run/follow.ts";
import { newRun } from "../run/fold.ts";
import type { AnswerMessage, AttemptReport, RunMessage, TaskRef } from "../run/messages.ts";
import { labelOf, nameOf, slotNamed } from "../run/slots.ts";
import type { MarkState, Question } from "../run/state.ts";
import type { PlanOptions, TaskLiteral } from "./plans.ts";
import { planFrom } from "./plans.ts";

/** `load` is a task, `load[3]` an instance. */
export function refOf(label: string): TaskRef {
  const [, taskId = label, index] = /^([^[]+)\[(\d+)\]$/.exec(label) ?? [];
  return { taskId, mapIndex: index === undefined ? -1 : Number(index) };
}

export function story(tasks: Readonly<Record<string, TaskLiteral>>, options: PlanOptions = {}) {
  const plan = planFrom(tasks, options);
  const facts = { id: "run-x", dagId: "test", key: "k", logicalMs: 0 };
  const state = newRun({ plan, facts, params: {}, event: null });
  let nowMs = 1_000;
  let said = 0;
  const say = (message: RunMessage, cause = `m${(said += 1)}`) => {
    const { decision, events } = decide(state, message, { nowMs, cause });
    const strays = decision.kind === "rejected" ? [] : decision.strays;
    return {
      decision,
      events: events.map(({ event }) => event),
      types: events.map(({ event }) => event.type),
      effects: effectsOf(state, events, strays),
    };
  };
  const report = (label: string, attempt: number, sequence: number, what: AttemptReport) =>
    say({ kind: "update", ...refOf(label), attempt, sequence, report: what });
  const task = (label: string) => {
    const { taskId, mapIndex } = refOf(label);
    return state.tasks[slotNamed(state, taskId, mapIndex) ?? -1];
  };
  const ask = (label: string, question: Partial<Question> = {}, attempt?: number) =>
    say({
      kind: "open_approval",
      ...refOf(label),
      attempt: attempt ?? task(label)?.attempt ?? 1,
      question: { message: "Go?", approvers: [], onReject: "fail", values: {}, ...question },
    });
  const answer = (label: string, approved: boolean, more: Partial<AnswerMessage> = {}) =>
    say({
      ...{ kind: "answer", ...refOf(label), attempt: task(label)?.attempt ?? 1, approved },
      ...{ by: "user:ana", comment: "", values: {}, ...more },
    });
  const by = { by: "user:ana", reason: "asked" };
  return {
    state,
    say,
    report,
    ask,
    answer,
    task,
    succeed: (label: string, attempt = task(label)?.attempt ?? 1) =>
      report(label, attempt, 3, { state: "succeeded" }),
    output: (label: string, output: number) =>
      report(label, task(label)?.attempt ?? 1, 3, { state: "succeeded", output }),
    fail: (label: string, attempt = task(label)?.attempt ?? 1) =>
      report(label, attempt, 3, {
        state: "failed",
        failure: { class: "code", message: "exit code 1" },
      }),
    wait: (ms: number) => {
      nowMs += ms;
      return say({ kind: "timer" });
    },
    clear: (
      labels: readonly string[],
      more: { upstream?: boolean; downstream?: boolean; onlyFailed?: boolean } = {},
    ) =>
      say({
        kind: "clear",
        tasks: labels.map(refOf),
        upstream: false,
        downstream: false,
        onlyFailed: false,
        ...more,
        ...by,
      }),
    mark: (label: string, as: MarkState) =>
      say({ kind: "mark", ...refOf(label), state: as, ...by }),
    cancel: (now = false) => say({ kind: "cancel", now, ...by }),
    grant: (label: string, pool: string) =>
      say({ kind: "granted", ...refOf(label), attempt: task(label)?.attempt ?? 0, pool }),
    start: () => say({ kind: "start", admitted: true }, "start"),
    /** Every slot with its status, in words. */
    statuses: () =>
      Object.fromEntries(state.tasks.map((slot) => [labelOf(nameOf(state, slot)), slot.status])),
  };
}
