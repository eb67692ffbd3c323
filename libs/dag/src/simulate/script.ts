// What the outside does in a simulation: the steps of each task's attempts, and what they give.
//   train=fail:quota,succeed      the first attempt fails for lack of quota, every later one succeeds
//   load[2]=skip                  the instance with index 2
import type { JsonValue } from "@bufbuild/protobuf";
import { APPROVAL_KIND, CHILD_KIND, failureClasses } from "@chasqui/machine";
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

/** What a script may speak of. */
export interface Scripted {
  readonly id: string;
  readonly kind: string;
  readonly isMapped: boolean;
}

export function parseScript(form: ScriptForm, tasks: readonly Scripted[]): Result<Script> {
  const wrong: string[] = [];
  const known = new Map(tasks.map((task) => [task.id, task]));
  const check = (what: string, key: string): Scripted | undefined => {
    const [, id, index] = /^([^[\]]+)(\[(?:0|[1-9]\d*)\])?$/.exec(key) ?? [];
    const task = known.get(id ?? "");
    if (id === undefined) wrong.push(`${what} ${quote(key)}: want <task> or <task>[<index>]`);
    else if (task === undefined)
      wrong.push(`${what} of ${quote(id)}: no such task${meant(id, [...known.keys()])}`);
    else if (index !== undefined && !task.isMapped)
      wrong.push(
        `${what} of ${quote(key)}: ${quote(id)} is not mapped; did you mean ${quote(id)}?`,
      );
    return task;
  };
  const steps = new Map<string, readonly Step[]>();
  for (const [key, given] of Object.entries(form.outcomes ?? {})) {
    const task = check("outcome", key);
    const parsed = parseSteps(typeof given === "string" ? given.split(",") : given, task?.kind);
    if (parsed.ok) steps.set(key, parsed.value);
    else wrong.push(`outcome of ${quote(key)}: ${parsed.message}`);
  }
  const takes = new Map<string, number>();
  for (const [key, given] of Object.entries(form.takes ?? {})) {
    const duration = parseDuration(given);
    check("duration", key);
    if (duration.ok) takes.set(key, duration.ms);
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
};
/** Words that mean something of these kinds alone. */
const wordsOf: Readonly<Record<string, Readonly<Record<string, Step>>>> = {
  [APPROVAL_KIND]: { approve: { kind: "succeed" }, reject: { kind: "reject" } },
  [CHILD_KIND]: {
    succeeded: { kind: "child", state: "succeeded" },
    failed: { kind: "child", state: "failed" },
    cancelled: { kind: "child", state: "cancelled" },
  },
};
const WANT = "want succeed, fail, fail:<class>, fail:<class>:<exit code> or skip";
const wants: Readonly<Record<string, string>> = {
  [APPROVAL_KIND]: "for an approval approve or reject",
  [CHILD_KIND]: "for a dag.run the other run's state: succeeded, failed or cancelled",
};

/** What may stand there; of a kind that is not known, all of it. */
function wantedOf(kind: string | undefined): string {
  const own = Object.entries(wants).filter(([name]) => kind === undefined || kind === name);
  return [WANT, ...own.map(([, want]) => want)].join("; ");
}

function parseSteps(texts: readonly string[], kind: string | undefined): Result<readonly Step[]> {
  const steps: Step[] = [];
  for (const text of texts) {
    const step = parseStep(text.trim(), kind);
    if (!step.ok) return step;
    steps.push(step.value);
  }
  return steps.length === 0 ? bad(`no step: ${wantedOf(kind)}`) : good(steps);
}

function parseStep(text: string, kind: string | undefined): Result<Step> {
  const known = { ...words, ...wordsOf[kind ?? ""] };
  const step = Object.hasOwn(known, text) ? known[text] : undefined;
  if (step !== undefined) return good(step);
  const [, name = "code", code] = /^fail(?::([a-z_]+))?(?::(\d{1,3}))?$/.exec(text) ?? [];
  if (!/^fail(:|$)/.test(text))
    return bad(`${quote(text)}: ${wantedOf(kind)}${meant(text, ["fail", ...Object.keys(known)])}`);
  const failureClass = failureClasses.find((known) => known === name);
  if (failureClass === undefined || !/^fail(:[a-z_]+)?(:\d{1,3})?$/.test(text)) {
    const classes = `the failure classes are ${failureClasses.join(", ")}`;
    return bad(`${quote(text)}: ${classes}${meant(name, failureClasses)}`);
  }
  const exitCode = code === undefined ? {} : { exitCode: Number(code) };
  return good({ kind: "fail", class: failureClass, ...exitCode });
}
