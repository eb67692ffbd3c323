// What the outside does in a simulation: the steps of each task's attempts, and what they give.
//   train=fail:quota,succeed      the first attempt fails for lack of quota, every later one succeeds
//   load[2]=skip                  the instance with index 2
import type { JsonValue } from "@bufbuild/protobuf";
import { failureClasses } from "@chasqui/machine";
import type { FailureClass } from "@chasqui/machine";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import { parseDuration } from "../text/duration.ts";
import { nearest, quote } from "../text/suggest.ts";

/** What one attempt does. */
export type Step =
  | { readonly kind: "succeed" }
  | { readonly kind: "skip" }
  | { readonly kind: "fail"; readonly class: FailureClass; readonly exitCode?: number }
  /** Of an approval. */
  | { readonly kind: "reject" }
  /** Of a dag.run: how the other run ended. */
  | { readonly kind: "child"; readonly state: "succeeded" | "failed" | "cancelled" };

/** The author's words; keys are `<task>` or `<task>[<index>]`. */
export interface ScriptForm {
  /** Steps, one for each attempt, the last one repeating: `fail:quota,succeed`, or a list of them. */
  readonly outcomes?: Readonly<Record<string, string | readonly string[]>>;
  readonly outputs?: Readonly<Record<string, JsonValue>>;
  /** How long an attempt works: 30s, 5m; no time when absent. */
  readonly takes?: Readonly<Record<string, string>>;
}

export interface Script {
  /** What an attempt of a task, or of an instance of it, does; undefined when the author says nothing about it. */
  stepOf(target: Target, attempt: number): Step | undefined;
  outputOf(target: Target): JsonValue | undefined;
  takesMs(target: Target): number;
  /** Does the author say how it, or an instance of it, ends? */
  isNamed(taskId: string): boolean;
}

export interface Target {
  readonly taskId: string;
  /** -1 for what is not mapped. */
  readonly mapIndex: number;
}

export const targetName = ({ taskId, mapIndex }: Target): string =>
  mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;

export function parseScript(form: ScriptForm, taskIds: readonly string[]): Result<Script> {
  const wrong: string[] = [];
  const known = new Set(taskIds);
  const check = (what: string, key: string): string => {
    const id = /^([^[\]]+)(\[\d+\])?$/.exec(key)?.[1];
    if (id === undefined) wrong.push(`${what} ${quote(key)}: want <task> or <task>[<index>]`);
    else if (!known.has(id))
      wrong.push(`${what} of ${quote(id)}: no such task${meant(id, taskIds)}`);
    return key;
  };
  const steps = new Map<string, readonly Step[]>();
  for (const [key, given] of Object.entries(form.outcomes ?? {})) {
    const parsed = parseSteps(typeof given === "string" ? given.split(",") : given);
    if (parsed.ok) steps.set(check("outcome", key), parsed.value);
    else wrong.push(`outcome of ${quote(key)}: ${parsed.message}`);
  }
  const takes = new Map<string, number>();
  for (const [key, given] of Object.entries(form.takes ?? {})) {
    const duration = parseDuration(given);
    if (duration.ok) takes.set(check("duration", key), duration.ms);
    else wrong.push(`duration of ${quote(key)}: ${duration.message}`);
  }
  const outputs = new Map(Object.entries(form.outputs ?? {}));
  for (const key of outputs.keys()) check("output", key);
  if (wrong.length > 0) return bad(wrong.join("; "));
  const keys = [...steps.keys(), ...outputs.keys(), ...takes.keys()];
  const named = new Set(keys.map((key) => key.replace(/\[\d+\]$/, "")));
  const find = <T>(map: ReadonlyMap<string, T>, target: Target): T | undefined =>
    map.get(targetName(target)) ?? map.get(target.taskId);
  return good({
    stepOf(target, attempt) {
      const list = find(steps, target);
      return list?.[Math.min(attempt, list.length) - 1];
    },
    outputOf: (target) => find(outputs, target),
    takesMs: (target) => find(takes, target) ?? 0,
    isNamed: (taskId) => named.has(taskId),
  });
}

function meant(id: string, known: readonly string[]): string {
  const near = nearest(id, known);
  return near === undefined ? "" : `; did you mean ${quote(near)}?`;
}

const words: Readonly<Record<string, Step>> = {
  succeed: { kind: "succeed" },
  skip: { kind: "skip" },
  approve: { kind: "succeed" },
  reject: { kind: "reject" },
  succeeded: { kind: "child", state: "succeeded" },
  failed: { kind: "child", state: "failed" },
  cancelled: { kind: "child", state: "cancelled" },
};
const WANT =
  "want succeed, fail, fail:<class>, fail:<class>:<exit code> or skip; for an approval approve or reject; for a dag.run the other run's state";

function parseSteps(texts: readonly string[]): Result<readonly Step[]> {
  const steps: Step[] = [];
  for (const text of texts) {
    const step = parseStep(text.trim());
    if (!step.ok) return step;
    steps.push(step.value);
  }
  return steps.length === 0 ? bad(`no step: ${WANT}`) : good(steps);
}

function parseStep(text: string): Result<Step> {
  if (Object.hasOwn(words, text) && words[text] !== undefined) return good(words[text]);
  const [, name = "code", code] = /^fail(?::([a-z_]+))?(?::(\d{1,3}))?$/.exec(text) ?? [];
  if (!/^fail(:|$)/.test(text)) return bad(`${quote(text)}: ${WANT}`);
  const failureClass = failureClasses.find((known) => known === name);
  if (failureClass === undefined || !/^fail(:[a-z_]+)?(:\d{1,3})?$/.test(text)) {
    const classes = `the failure classes are ${failureClasses.join(", ")}`;
    return bad(`${quote(text)}: ${classes}${meant(name, failureClasses)}`);
  }
  const exitCode = code === undefined ? {} : { exitCode: Number(code) };
  return good({ kind: "fail", class: failureClass, ...exitCode });
}
