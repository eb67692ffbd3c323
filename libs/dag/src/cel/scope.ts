// What an expression sees: run, params, event, tasks, vars, item, index; each converted to CEL when first asked for.
// Invariant: a task is reachable by its id and by its id with hyphens as underscores.
import type { CelInput } from "@bufbuild/cel";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { dateInZone, rfc3339 } from "../time/dates.ts";
import { jsonToCel } from "./values.ts";

export interface Scope {
  /** The names at the root. */
  readonly roots: readonly string[];
  /** The JSON below a root, for error messages. */
  json(root: string): JsonValue | undefined;
  /** For the evaluator. */
  bindings(): Record<string, CelInput>;
}

export interface RunFacts {
  /** Absent while the run does not exist yet (the key of a trigger). */
  readonly id?: string;
  readonly dagId: string;
  readonly key?: string;
  readonly logicalMs: number;
  /** The DAG's zone; `run.date` is the day of the logical time there. */
  readonly timezone: string;
  /** The data it is about; nothing when absent. */
  readonly interval?: { readonly startMs: number; readonly endMs: number };
  /** What started it: schedule, trigger, manual or backfill. */
  readonly cause?: string;
  /** No later due time has passed: `run.is_latest`. */
  readonly isLatest?: boolean;
  /** In on_exit tasks: how the run is going to end, as `run.state` and `run.failed_tasks`. */
  readonly ending?: { readonly state: string; readonly failedTasks: readonly string[] };
}

/** What the instance of a mapping is about: `item` and `index`. */
export interface InstanceFacts {
  readonly item: JsonValue;
  readonly index: number;
}

/** A failed attempt as the rules of `retries` see it: `failure` and `attempt`. */
export interface FailureFacts {
  readonly class: string;
  readonly message: string;
  readonly exitCode?: number;
  readonly evidence?: JsonValue;
}

export interface TaskFacts {
  /** In lower case, for example succeeded. */
  readonly state: string;
  /** Absent or null when there is none. */
  readonly output?: JsonValue;
}

export interface ScopeParts {
  /** A function where the facts are dear, for few expressions ask; so are the days of zones made of them. */
  readonly run?: RunFacts | (() => RunFacts);
  readonly params?: JsonObject;
  /** What started the run: an event, `{ events: […] }` for several, null for none. */
  readonly event?: JsonObject | null;
  readonly tasks?: Readonly<Record<string, TaskFacts>>;
  readonly vars?: JsonObject;
  readonly instance?: InstanceFacts;
}

/** The scope of a run, of a trigger filter or of a trigger's key: only the given parts exist in it. */
export function createScope(parts: ScopeParts): Scope {
  const { run } = parts;
  const values: Record<string, JsonValue> =
    run === undefined
      ? {}
      : {
          get run() {
            return runValue(typeof run === "function" ? run() : run);
          },
        };
  if (parts.params !== undefined) values["params"] = parts.params;
  if (parts.event !== undefined) Object.assign(values, eventValues(parts.event));
  if (parts.tasks !== undefined) values["tasks"] = tasksValue(parts.tasks);
  if (parts.vars !== undefined) values["vars"] = parts.vars;
  if (parts.instance !== undefined) {
    values["item"] = parts.instance.item;
    values["index"] = parts.instance.index;
  }
  return scopeOf(values);
}

/** What ended without an exit code has this one, so that rules may compare it like any other. */
const NO_EXIT_CODE = -1;

/** The scope of a rule of `retries`; `attempt` is the number of the attempt that failed. */
export function retryScope(failure: FailureFacts, attempt: number): Scope {
  const { class: name, message, exitCode = NO_EXIT_CODE, evidence = {} } = failure;
  return scopeOf({
    failure: { class: name, message, exit_code: exitCode, evidence },
    attempt,
  });
}

/** A scope with roots of one's own, for example `response` for a sensor's expectation. */
export function scopeOf(values: Readonly<Record<string, JsonValue>>): Scope {
  const roots = Object.keys(values);
  let bound: Record<string, CelInput> | undefined;
  return {
    roots,
    json: (root) => (Object.hasOwn(values, root) ? values[root] : undefined),
    bindings() {
      bound ??= bind(values, roots);
      return bound;
    },
  };
}

/** Without a prototype, so that `constructor` is an unknown name; each root is converted once, when read. */
function bind(
  values: Readonly<Record<string, JsonValue>>,
  roots: readonly string[],
): Record<string, CelInput> {
  const bound: Record<string, CelInput> = Object.create(null);
  for (const root of roots) {
    const converted = lazy(() => jsonToCel(values[root] ?? null));
    Object.defineProperty(bound, root, { enumerable: true, get: converted });
  }
  return bound;
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** `event` is the last of `events`. */
function eventValues(started: JsonObject | null): { event: JsonValue; events: JsonValue } {
  if (started === null) return { event: { data: null }, events: [] };
  const { events } = started;
  if (!Array.isArray(events)) return { event: started, events: [started] };
  return { event: events.at(-1) ?? { data: null }, events };
}

function runValue(run: RunFacts): JsonObject {
  return {
    ...(run.id === undefined ? {} : { id: run.id }),
    dag_id: run.dagId,
    ...(run.key === undefined ? {} : { key: run.key }),
    date: dateInZone(run.logicalMs, run.timezone),
    logical_time: rfc3339(run.logicalMs),
    interval: {
      start: rfc3339(run.interval?.startMs ?? run.logicalMs),
      end: rfc3339(run.interval?.endMs ?? run.logicalMs),
    },
    cause: run.cause ?? "manual",
    ...(run.isLatest === undefined ? {} : { is_latest: run.isLatest }),
    ...(run.ending === undefined
      ? {}
      : { state: run.ending.state, failed_tasks: [...run.ending.failedTasks] }),
  };
}

function tasksValue(tasks: Readonly<Record<string, TaskFacts>>): JsonObject {
  const entries: [string, JsonObject][] = [];
  for (const [id, { state, output }] of Object.entries(tasks)) {
    const value = { state, output: output ?? null };
    entries.push([id, value]);
    if (id.includes("-")) entries.push([expressionName(id), value]);
  }
  return Object.fromEntries(entries);
}

/** How a task is called in `tasks.<name>`. */
export const expressionName = (taskId: string): string => taskId.replaceAll("-", "_");
