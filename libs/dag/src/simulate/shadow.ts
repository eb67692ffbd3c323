// A recorded run replayed through another version of its DAG: what that version would have decided differently.
// Invariant S1: nothing is guessed. A task that the record says nothing about is unknown, and so is whatever needs it.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import { simulate } from "./simulate.ts";
import type { SimulationInput } from "./simulate.ts";

/** An event of a run's history, as `GetRunHistory` gives it. */
export interface RecordedEvent {
  readonly type: string;
  readonly data: JsonObject;
}

export interface RecordedRun {
  readonly key: string;
  readonly logicalMs: number;
  readonly params: JsonObject;
  readonly event: JsonValue | undefined;
  readonly history: readonly RecordedEvent[];
  /** The state that the run ended in, and each task's and instance's by label. */
  readonly state: string;
  readonly states: Readonly<Record<string, string>>;
}

export interface Difference {
  /** `load`, `load[3]`; the run itself when absent. */
  readonly task?: string;
  readonly was: string;
  readonly would_be: string;
  readonly why?: string;
}

export interface Shadow {
  readonly differences: readonly Difference[];
  /** Of these the record says nothing, or nothing of what they need. */
  readonly unknown: readonly string[];
}

export function shadow(
  spec: DagSpec,
  recorded: RecordedRun,
  known: Pick<SimulationInput, "vars" | "kinds" | "placeholders">,
): Result<Shadow> {
  const { outcomes, outputs } = scriptOf(recorded.history, new Set(spec.tasks.map(({ id }) => id)));
  const { key, logicalMs, params, event } = recorded;
  const simulated = simulate({
    ...known,
    ...{ spec, key, params, outcomes, outputs },
    atMs: logicalMs,
    ...(event === undefined ? {} : { event }),
  });
  if (!simulated.ok) return bad(simulated.message);
  const { run, tasks } = simulated.value;
  const unknown = unknownOf(spec, tasks, outcomes);
  const differences: Difference[] = [];
  for (const [label, was] of Object.entries(recorded.states)) {
    const task = tasks[label];
    if (task === undefined) differences.push({ task: label, was, would_be: "not there" });
    else if (!isUnknown(label, unknown) && task.state !== was)
      differences.push({
        ...{ task: label, was, would_be: task.state },
        ...(task.why === undefined ? {} : { why: task.why }),
      });
  }
  if (unknown.size === 0 && run.state !== recorded.state)
    differences.push({
      ...{ was: recorded.state, would_be: run.state },
      ...(run.reason === undefined ? {} : { why: run.reason }),
    });
  return good({ differences, unknown: [...unknown].sort() });
}

const isUnknown = (label: string, unknown: ReadonlySet<string>): boolean =>
  unknown.has(label.replace(/\[\d+\]$/, ""));

interface RecordedScript {
  readonly outcomes: Record<string, string[]>;
  readonly outputs: Record<string, JsonValue>;
}

/** How each attempt ended, in the order of the attempts. What the machine decided by itself is not an outcome. */
function scriptOf(history: readonly RecordedEvent[], known: ReadonlySet<string>): RecordedScript {
  const outcomes: Record<string, string[]> = {};
  const outputs: Record<string, JsonValue> = {};
  for (const { type, data } of history) {
    const { t, i, a, output } = data;
    if (typeof t !== "string" || !known.has(t) || typeof a !== "number") continue;
    const label = typeof i === "number" ? `${t}[${i}]` : t;
    const step = stepOf(type, data);
    if (step === undefined) continue;
    (outcomes[label] ??= []).push(step);
    if (type === "task_succeeded" && output !== undefined) outputs[label] = output;
  }
  return { outcomes, outputs };
}

function stepOf(type: string, { failure }: JsonObject): string | undefined {
  if (type === "task_succeeded") return "succeed";
  if (type === "task_skipped") return "skip";
  if (type !== "attempt_failed") return undefined;
  const named = typeof failure === "object" && failure !== null && !Array.isArray(failure);
  const word = named ? failure["class"] : undefined;
  return `fail:${typeof word === "string" ? word : "unknown"}`;
}

/** Tasks that would be at work without a record of how that ended, and everything downstream of them. */
function unknownOf(
  spec: DagSpec,
  tasks: Readonly<Record<string, { readonly attempts: number }>>,
  outcomes: Readonly<Record<string, readonly string[]>>,
): Set<string> {
  const unknown = new Set<string>();
  const own = new Set(spec.tasks.filter(({ uses }) => uses !== "noop").map(({ id }) => id));
  for (const [label, { attempts }] of Object.entries(tasks)) {
    const id = label.replace(/\[\d+\]$/, "");
    if (own.has(id) && attempts > (outcomes[label]?.length ?? 0)) unknown.add(id);
  }
  for (let before = -1; before !== unknown.size;) {
    before = unknown.size;
    for (const { id, needs } of spec.tasks)
      if (needs.some((need) => unknown.has(need))) unknown.add(id);
  }
  return unknown;
}
