// The outside of a simulation: attempts work as long and end as the script says.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, JsonSchema, TaskSpec } from "@chasqui/contracts";
import { APPROVAL_KIND, CHILD_KIND, isOutside, scopeOf, slotNamed } from "@chasqui/machine";
import type {
  AttemptReport,
  Failure,
  Json,
  Question,
  RunEffect,
  RunState,
  TaskState,
} from "@chasqui/machine";
import { outputsNamedBy, renderTask } from "../plan/render-task.ts";
import { misfitOf } from "../schema/check-config.ts";
import { childRequestOf } from "../schema/child-request.ts";
import { questionOf, resolveForm } from "../schema/question.ts";
import { kindOf } from "../cel/explain-error.ts";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import type { Script, Step, Target } from "./script.ts";
import { targetName } from "./script.ts";
import type { Answer } from "./simulate.ts";

export interface OutsideInput {
  readonly spec: DagSpec;
  readonly state: RunState;
  readonly script: Script;
  readonly vars: JsonObject;
  readonly kinds: Readonly<Record<string, JsonSchema | undefined>>;
  readonly placeholders: readonly string[];
}

export interface Outside {
  /** What the outside says to an effect of the machine, and when. */
  answersTo(effect: RunEffect, nowMs: number): readonly Answer[];
}

export function createOutside(input: OutsideInput): Outside {
  const { spec, state, script, vars } = input;
  const specs = new Map(spec.tasks.map((task) => [task.id, task]));
  const namesOf = new Map<string, readonly number[]>();

  function configOf(taskSpec: TaskSpec, task: TaskState, atMs: number): Result<JsonValue> {
    const named =
      namesOf.get(taskSpec.id) ??
      outputsNamedBy(spec, taskSpec).map((id) => state.plan.indexOf.get(id) ?? -1);
    namesOf.set(taskSpec.id, named);
    return renderTask(spec, taskSpec, scopeOf(state, named, { task, atMs }), { vars });
  }

  function attemptBegins(slot: number, attempt: number, nowMs: number): Answer[] {
    const task = state.tasks[slot];
    const planned = task === undefined ? undefined : state.plan.tasks[task.plan];
    const taskSpec = specs.get(planned?.id ?? "");
    if (task === undefined || planned === undefined || taskSpec === undefined) return [];
    const target = { taskId: planned.id, mapIndex: task.mapIndex };
    const answer = (atMs: number, sequence: number, report: AttemptReport): Answer => {
      const times = report.state === "running" ? {} : { endedMs: atMs };
      const update = { ...target, attempt, sequence, startedMs: nowMs, ...times, report };
      return { atMs, message: { kind: "update", ...update } };
    };
    const config = configOf(taskSpec, task, nowMs);
    const failure = config.ok
      ? refusalOf(input, planned.kind, config.value)
      : unrendered(`with: ${config.message}`);
    if (failure !== undefined || !config.ok)
      return failure === undefined ? [] : [answer(nowMs, 1, { state: "failed", failure })];
    const takesMs = script.takesMs(target);
    const step = script.stepOf(target, attempt) ?? { kind: "succeed" };
    if (planned.kind === APPROVAL_KIND && (step.kind === "succeed" || step.kind === "reject")) {
      const question = questionOf(config.value);
      const filled = question.ok ? filledIn(question.value, script.outputOf(target)) : question;
      if (!question.ok || !filled.ok) {
        const why = question.ok ? "the answer" : "with";
        const failure = unrendered(`${why}: ${filled.ok ? "" : filled.message}`);
        return [answer(nowMs, 1, { state: "failed", failure })];
      }
      const approved = step.kind === "succeed";
      const said = { approved, by: SOMEBODY, comment: "", values: filled.value };
      const { approvers } = question.value;
      const by = approvers[0] ?? SOMEBODY;
      return [
        {
          atMs: nowMs,
          message: { kind: "open_approval", ...target, attempt, question: question.value },
        },
        { atMs: nowMs + takesMs, message: { kind: "answer", ...target, attempt, ...said, by } },
      ];
    }
    const limitMs = planned.timeoutMs;
    const isLate = limitMs > 0 && takesMs > limitMs;
    const output = script.outputOf(target);
    const end: AttemptReport = isLate
      ? { state: "failed", failure: late(limitMs) }
      : step.kind === "child" || (step.kind === "succeed" && planned.kind === CHILD_KIND)
        ? childEnd(input, { ...target, attempt, config: config.value, step, output })
        : endOf(step, output);
    const ended = answer(nowMs + (isLate ? limitMs : takesMs), 2, end);
    return takesMs === 0 ? [ended] : [answer(nowMs, 1, { state: "running" }), ended];
  }

  return {
    answersTo(effect, nowMs) {
      switch (effect.kind) {
        case "assign":
          return attemptBegins(effect.slot, effect.attempt, nowMs);
        case "cancel": {
          const { taskId, mapIndex, attempt } = effect;
          const slot = slotNamed(state, taskId, mapIndex);
          const task = slot === undefined ? undefined : state.tasks[slot];
          if (task === undefined || !isOutside(task)) return [];
          const sequence = 3;
          const report = { state: "cancelled" } as const;
          return [
            {
              atMs: nowMs,
              message: { kind: "update", taskId, mapIndex, attempt, sequence, report },
            },
          ];
        }
        case "continue":
          return [{ atMs: nowMs, message: { kind: "continue" } }];
        default:
          return [];
      }
    },
  };
}

/** Who answers what anybody may answer. */
const SOMEBODY = "user:somebody";

const unrendered = (message: string): Failure => ({ class: "config", message, permanent: true });

/** What the form holds when it is answered; a person's answer that does not fit is refused. */
function filledIn({ form, values }: Question, given: JsonValue | undefined): Result<Json> {
  if (given === undefined) return good(values);
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return bad(`${kindOf(given)}: want a map of the form's fields`);
  const answered = resolveForm(form as JsonValue | undefined, given); // a configuration's
  return answered.ok ? good(answered.value as Json) : answered;
}

/** Why the state machine refuses the configuration; an approval's question is asked of it elsewhere. */
function refusalOf(
  { kinds, placeholders }: OutsideInput,
  kind: string,
  config: JsonValue,
): Failure | undefined {
  if (kind === APPROVAL_KIND) return undefined;
  if (kind === CHILD_KIND) {
    const request = childRequestOf(config, placeholders);
    return request.ok ? undefined : unrendered(request.message);
  }
  const schema = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  const misfit = schema === undefined ? undefined : misfitOf(schema, config, placeholders);
  return misfit === undefined ? undefined : unrendered(misfit);
}
const late = (limitMs: number): Failure => ({
  class: "timeout",
  message: `the attempt took longer than ${limitMs / 1000} s`,
});

function endOf(
  step: Exclude<Step, { kind: "child" }>,
  output: JsonValue | undefined,
): AttemptReport {
  switch (step.kind) {
    case "succeed":
      return { state: "succeeded", ...(output === undefined ? {} : { output }) };
    case "skip":
      return { state: "skipped", reason: "as scripted" };
    case "reject":
      return {
        state: "failed",
        failure: { class: "rejected", message: "rejected", permanent: true },
      };
    case "fail": {
      const { exitCode } = step;
      const evidence = exitCode === undefined ? {} : { evidence: { exit_code: exitCode } };
      const how = exitCode === undefined ? "" : ` with exit code ${exitCode}`;
      const message = `failed as scripted${how}`;
      return { state: "failed", failure: { class: step.class, message, ...evidence } };
    }
    default: {
      const never: never = step;
      throw new TypeError(`step ${JSON.stringify(never)}`);
    }
  }
}

interface ChildAttempt extends Target {
  readonly attempt: number;
  readonly config: JsonValue;
  readonly step: Step;
  readonly output: JsonValue | undefined;
}

/** How a task ends that starts a run of another DAG, and what that run says of itself. */
function childEnd({ state, placeholders }: OutsideInput, about: ChildAttempt): AttemptReport {
  const request = childRequestOf(about.config, placeholders);
  if (!request.ok) return { state: "failed", failure: unrendered(request.message) };
  const { dag, wait = true, allowed = ["succeeded"] } = request.value;
  const { dagId, key: runKey } = state.facts;
  const name = `${targetName(about)}#${about.attempt}`;
  const { key = `${dagId}/${runKey}/${name}` } = request.value;
  const ended = about.step.kind === "child" ? about.step.state : (allowed[0] ?? "succeeded");
  const said = { run_id: `run-simulated-${name}`, dag, key, state: wait ? ended : "running" };
  if (!wait || allowed.includes(ended)) return { state: "succeeded", output: about.output ?? said };
  const message = `the run that ${targetName(about)} started ended as ${ended}`;
  return { state: "failed", failure: { class: "upstream", message, evidence: said } };
}
