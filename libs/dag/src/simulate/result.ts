// What came of a simulated run: each task's final state, its attempts, its times, and why.
import type { DagSpec } from "@chasqui/contracts";
import { isSettled, labelOf, nameOf } from "@chasqui/machine";
import type { Json, Recorded, RunState, TaskState, TriggerRule } from "@chasqui/machine";
import { quote } from "../text/suggest.ts";
import { rfc3339 } from "../time/dates.ts";

export interface Simulated {
  readonly run: {
    readonly state: string;
    readonly reason?: string;
    readonly started_at?: string;
    readonly ended_at?: string;
  };
  /** By id; instances of what is mapped as `<id>[<index>]`, beside the summary under the id itself. */
  readonly tasks: Readonly<Record<string, SimulatedTask>>;
}

export interface SimulatedTask {
  readonly state: string;
  readonly attempts: number;
  readonly why?: string;
  readonly started_at?: string;
  readonly ended_at?: string;
  readonly output?: Json;
}

export function resultOf(spec: DagSpec, state: RunState, history: readonly Recorded[]): Simulated {
  const started = startsIn(history);
  const groups = new Set(spec.groups.map(({ id }) => id));
  const tasks = state.tasks.flatMap((task): [string, SimulatedTask][] => {
    const name = nameOf(state, task);
    return groups.has(name.t) && task.mapIndex >= 0
      ? []
      : [[labelOf(name), taskOf(state, task, started)]];
  });
  tasks.sort(([a], [b]) => compareLabels(a, b));
  const reason = isSettled(state.status) ? state.reason : stuckOn(state);
  return {
    run: {
      state: state.status,
      ...(reason === undefined ? {} : { reason }),
      ...spanOf(state.startedMs, state.settledMs),
    },
    tasks: Object.fromEntries(tasks),
  };
}

const spanOf = (
  startedMs: number | undefined,
  endedMs: number | undefined,
): { started_at?: string; ended_at?: string } => ({
  ...(startedMs === undefined ? {} : { started_at: rfc3339(startedMs) }),
  ...(endedMs === undefined ? {} : { ended_at: rfc3339(endedMs) }),
});

/** When the first attempt of each slot began: at once, for whoever takes it is always there. */
function startsIn(history: readonly Recorded[]): ReadonlyMap<string, number> {
  const starts = new Map<string, number>();
  for (const { atMs, event } of history) {
    if (!("t" in event)) continue;
    const ms =
      event.type === "task_assigned"
        ? atMs
        : event.type === "task_succeeded"
          ? event.times?.startedMs
          : undefined;
    const label = labelOf(event);
    if (ms !== undefined && !starts.has(label)) starts.set(label, ms);
  }
  return starts;
}

function taskOf(
  state: RunState,
  task: TaskState,
  started: ReadonlyMap<string, number>,
): SimulatedTask {
  const why = whyOf(state, task);
  return {
    state: task.status,
    attempts: task.attempt,
    ...(why === undefined ? {} : { why }),
    ...spanOf(started.get(labelOf(nameOf(state, task))), task.endedMs),
    ...(task.output === undefined || task.output === null ? {} : { output: task.output }),
  };
}

function whyOf(state: RunState, task: TaskState): string | undefined {
  if (task.isFrame) return summaryOf(state, task);
  switch (task.status) {
    case "failed":
      return task.failure === undefined
        ? undefined
        : `${task.failure.class}: ${task.failure.message}`;
    case "skipped":
      return [task.reason, upstreamThat(state, task, skipsBy(state, task))]
        .filter((text) => text !== undefined)
        .join(": ");
    case "upstream_failed":
      return upstreamThat(
        state,
        task,
        (status) => status === "failed" || status === "upstream_failed" || status === "cancelled",
      );
    case "cancelled":
      return state.reason;
    case "succeeded":
      return task.failure === undefined
        ? task.reason
        : `after ${task.failure.class}: ${task.failure.message}`;
    default:
      return task.reason;
  }
}

const SHOWN_MAX = 5;

/** Ends of upstream tasks that make a task skipped, by its rule; of the other rules all but a success. */
const skipping: Partial<Record<TriggerRule, readonly string[]>> = {
  all_failed: ["succeeded", "skipped"],
  one_failed: ["succeeded", "skipped"],
  all_skipped: ["succeeded", "failed", "upstream_failed"],
  none_skipped: ["skipped"],
  one_done: ["skipped", "upstream_failed"],
};

function skipsBy({ plan }: RunState, task: TaskState): (status: string) => boolean {
  const rule = plan.tasks[task.plan]?.rule;
  const ends = rule === undefined ? undefined : skipping[rule];
  return (status) => (ends === undefined ? status !== "succeeded" : ends.includes(status));
}

/** How the tasks directly upstream ended, as far as it explains something; of what is mapped its instances. */
function upstreamThat(
  state: RunState,
  task: TaskState,
  explains: (status: string) => boolean,
): string | undefined {
  if (task.reason !== undefined && !task.reason.startsWith("trigger rule")) return undefined;
  const needs = state.plan.tasks[task.plan]?.needs ?? [];
  const upstream = needs.flatMap((plan) => upstreamSlots(state, task, plan));
  const said = upstream.flatMap((other) =>
    explains(other.status) ? [`${quote(labelOf(nameOf(state, other)))} ${other.status}`] : [],
  );
  return said.length === 0 ? undefined : listed(said);
}

function upstreamSlots(state: RunState, task: TaskState, plan: number): TaskState[] {
  const mapper = state.plan.tasks[plan]?.mapper;
  const isBeside = task.mapIndex >= 0 && state.plan.tasks[task.plan]?.mapper === mapper;
  const mapping = mapper === undefined ? undefined : state.maps.get(mapper);
  const slots = mapping?.slots[state.plan.tasks[plan]?.member ?? 0] ?? [];
  const wanted = isBeside ? [slots[task.mapIndex] ?? plan] : slots.length > 0 ? slots : [plan];
  return wanted.flatMap((slot) => state.tasks[slot] ?? []);
}

/** Of what is mapped: how many of its instances ended how. */
function summaryOf(state: RunState, frame: TaskState): string {
  const counts = new Map<string, number>();
  for (const { plan, mapIndex, status } of state.tasks)
    if (plan === frame.plan && mapIndex >= 0) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
}

function listed(texts: readonly string[]): string {
  const more = texts.length > SHOWN_MAX ? [`${texts.length - SHOWN_MAX} more`] : [];
  return [...texts.slice(0, SHOWN_MAX), ...more].join(", ");
}

function stuckOn(state: RunState): string {
  const waiting = state.tasks.flatMap((task) =>
    task.status === "waiting" || task.status === "queued" || task.status === "awaiting_approval"
      ? [`${quote(labelOf(nameOf(state, task)))} is ${task.status}`]
      : [],
  );
  return `nothing more happens: ${listed(waiting)}`;
}

/** `load`, `load[2]`, `load[10]`, `mail`. */
function compareLabels(a: string, b: string): number {
  const [x, y] = [splitLabel(a), splitLabel(b)];
  return x.id === y.id ? x.index - y.index : x.id < y.id ? -1 : 1;
}

function splitLabel(label: string): { id: string; index: number } {
  const [, id = label, index] = /^(.*)\[(\d+)\]$/.exec(label) ?? [];
  return { id, index: index === undefined ? -1 : Number(index) };
}
