// Aggregates as the arrays of the hot statement, and rows as aggregates. The only place that knows both shapes.
import type {
  Approval,
  CancelFor,
  Child,
  Claim,
  Failure,
  Json,
  MarkState,
  Parent,
  Recorded,
  RunRow,
  RunState,
  TaskRow,
  TaskState,
} from "@chasqui/machine";
import { labelOf, slotNamed } from "@chasqui/machine";
import type { CachedRun } from "../core/aggregates.ts";
import type { Batch, DagChange, RunChange } from "../core/batch.ts";
import { addPool } from "./encode-pool.ts";
import type { Relation } from "./commit.sql.ts";
import { clean, json } from "./cells.ts";
import type { Cell, Rows } from "./cells.ts";
import { relations } from "./commit.sql.ts";

const orNull = <T>(value: T | undefined): T | null => value ?? null;

/** What a batch writes, as rows of each relation. */
export function rowsOf(batch: Pick<Batch, "runs" | "dags" | "pools">): Rows {
  const ofDags = { dag: [], created: [], audit: [], run_audit: [], version: [] };
  const ofPools = { pool: [], claim: [], gone: [], pool_audit: [] };
  const rows: Rows = { run: [], task: [], event: [], ...ofDags, ...ofPools };
  for (const change of batch.runs.values()) addRun(rows, change);
  for (const change of batch.dags.values()) addDag(rows, change);
  for (const change of batch.pools.values()) addPool(rows, change);
  return rows;
}

/** The parameters of a statement: one array per column, in the order of its relations. */
export const parametersOf = (rows: Rows, used: readonly Relation[]): Cell[][] =>
  used.flatMap((relation) =>
    relations[relation].map((_, column) => rows[relation].map((row) => row[column] ?? null)),
  );

function addRun(rows: Rows, { run, created, events, audited }: RunChange): void {
  const { runId } = run.meta;
  const version = run.version + 1;
  if (created) rows.created.push([runId, ...fixedOf(run), ...movingOf(run)]);
  else rows.run.push([runId, run.version, ...movingOf(run)]);
  rows.event.push([runId, version, json(events)]);
  if (audited === true) rows.run_audit.push(...auditsOf(run, events));
  const outputs = outputsOf(events);
  for (const slot of run.state.touched) {
    const task = run.state.tasks[slot];
    if (task === undefined) continue;
    const id = run.state.plan.tasks[task.plan]?.id ?? "";
    const output = outputs.get(outputKey(id, task.mapIndex));
    rows.task.push([runId, id, task.mapIndex, ...taskOf(task, output)]);
  }
}

/** Who answered in the place of a person, and why. */
const TIMEOUT = "timeout";

function auditsOf({ meta, state }: CachedRun, events: readonly Recorded[]): Cell[][] {
  return events.flatMap(({ event, cause }): Cell[][] => {
    if (event.type !== "approval_answered" || event.by !== undefined) return [];
    const { t, i = -1, a: attempt, approved, values } = event;
    const { askedMs, answer } = state.tasks[slotNamed(state, t, i) ?? -1]?.approval ?? {};
    const waited = Math.round(((answer?.atMs ?? 0) - (askedMs ?? 0)) / 1000);
    const why = `nobody answered within ${waited} s: the default is ${approved ? "approve" : "reject"}`;
    const detail = { task: labelOf(i < 0 ? { t } : { t, i }), attempt, approved, values };
    return [[meta.runId, TIMEOUT, "answer", why, json(detail), clean(cause)]];
  });
}

const outputKey = (taskId: string, mapIndex: number): string => `${taskId} ${mapIndex}`;

/** Outputs are not kept in the state (unless an expression names them): they go from the event to the row. */
function outputsOf(events: readonly Recorded[]): Map<string, Json> {
  const outputs = new Map<string, Json>();
  for (const { event } of events)
    if (event.type === "task_succeeded" && event.output !== undefined)
      outputs.set(outputKey(event.t, event.i ?? -1), event.output);
  return outputs;
}

function movingOf({ state, announced }: CachedRun): Cell[] {
  return [
    state.status,
    state.reason === undefined ? null : clean(state.reason),
    orNull(state.startedMs),
    orNull(state.settledMs),
    state.lastMs,
    orNull(state.wakeMs),
    orNull(state.settledBy),
    state.parents.length === 0 ? null : json(state.parents),
    announced,
  ];
}

function fixedOf({ state, meta }: CachedRun): Cell[] {
  return [
    meta.dagId,
    meta.dagNumber,
    state.plan.fingerprint,
    clean(meta.key),
    meta.causeKind,
    clean(meta.by),
    json(meta.params),
    json(meta.event),
    orNull(meta.rerunOf),
    orNull(meta.traceparent),
    meta.traceId,
    String(meta.traced),
    meta.logicalMs,
    meta.interval.startMs,
    meta.interval.endMs,
    meta.createdMs,
    orNull(state.facts.previousRunId),
  ];
}

function taskOf(task: TaskState, output: Json | undefined): Cell[] {
  return [
    task.status,
    task.attempt,
    task.sequence,
    task.freeRepeats,
    task.cause,
    orNull(task.cancelFor),
    orNull(task.assignedMs),
    orNull(task.acceptedMs),
    orNull(task.startedMs),
    orNull(task.endedMs),
    orNull(task.dueMs),
    task.failure === undefined ? null : json(task.failure),
    task.reason === undefined ? null : clean(task.reason),
    task.link === undefined ? null : clean(task.link),
    output === undefined ? null : json(output),
    moreOf(task),
  ];
}

/** What most tasks do not have: then nothing is written, and everything is as on the first day. */
interface More {
  readonly attemptBase?: number;
  readonly firstMs?: number;
  readonly turnMs?: number;
  readonly clearedBy?: string;
  readonly markAs?: MarkState;
  readonly claims?: readonly Claim[];
  readonly granted?: number;
  readonly listeners?: readonly string[];
  readonly cancelNow?: boolean;
  readonly told?: readonly string[];
  readonly child?: Child;
  readonly items?: readonly Json[];
  readonly approval?: Approval;
}

function moreOf(task: TaskState): string | null {
  const { attemptBase, firstMs, turnMs, assignedMs, clearedBy, markAs, claims, granted } = task;
  const { child, items, approval } = task;
  const listeners = task.listeners.length === 0 ? undefined : task.listeners;
  const cancelNow = task.cancelNow ? true : undefined;
  const told = task.told.length === 0 ? undefined : task.told;
  const isPlain =
    attemptBase === 0 &&
    firstMs === assignedMs &&
    turnMs === assignedMs &&
    clearedBy === undefined &&
    markAs === undefined &&
    claims.length === 0 &&
    listeners === undefined &&
    told === undefined &&
    cancelNow === undefined &&
    child === undefined &&
    items === undefined &&
    approval === undefined;
  if (isPlain) return null;
  return json({
    attemptBase,
    firstMs,
    turnMs,
    clearedBy,
    markAs,
    claims,
    granted,
    listeners,
    told,
    cancelNow,
    child,
    items,
    approval,
  });
}

function addDag(rows: Rows, { dag, events, atMs }: DagChange): void {
  const { state } = dag;
  rows.dag.push([
    state.dagId,
    dag.version,
    state.number,
    state.fingerprint,
    String(state.paused),
    clean(state.pausedBy),
    clean(state.pauseReason),
    String(state.retired),
    String(state.hasWaiting),
    json(state.active),
    json(Object.fromEntries(state.reopened)),
    json(state.failing),
    atMs,
  ]);
  for (const { event, cause, by, note, commitId } of events) {
    if (event.type === "version_applied") {
      const { fingerprint } = event.version;
      const said = [clean(by), clean(note), clean(commitId)];
      rows.version.push([state.dagId, event.number, fingerprint, atMs, ...said]);
    }
    if (event.type === "version_applied" || event.type === "paused_set" || event.type === "retired")
      rows.audit.push([
        state.dagId,
        clean(by),
        event.type,
        clean(note),
        json(event.type === "retired" ? { ...event, at_ms: atMs } : event),
        clean(cause),
      ]);
  }
}

/** A row of `run` as `load.ts` selects it: times in milliseconds. */
export interface RunRecord {
  readonly state: RunState["status"];
  readonly reason: string | null;
  readonly started_ms: number | null;
  readonly settled_ms: number | null;
  readonly last_ms: number;
  readonly wake_ms: number | null;
  readonly settled_by: string | null;
  readonly parents: readonly Parent[] | null;
}
export const runRowOf = (row: RunRecord): RunRow => ({
  status: row.state,
  reason: row.reason ?? undefined,
  startedMs: row.started_ms ?? undefined,
  settledMs: row.settled_ms ?? undefined,
  lastMs: row.last_ms,
  wakeMs: row.wake_ms ?? undefined,
  settledBy: row.settled_by ?? undefined,
  parents: row.parents ?? [],
});

export interface TaskRecord {
  readonly run_id: string;
  readonly task_id: string;
  readonly state: TaskState["status"];
  readonly attempt: number;
  readonly sequence: number;
  readonly free_repeats: number;
  readonly cause: string;
  readonly map_index: number;
  readonly more: More | null;
  readonly cancel_for: CancelFor | null;
  readonly assigned_ms: number | null;
  readonly accepted_ms: number | null;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly due_ms: number | null;
  readonly failure: Failure | null;
  readonly reason: string | null;
  readonly link: string | null;
  readonly output: Json | null;
}
export const taskRowOf = (row: TaskRecord, isOutputNamed: boolean): TaskRow => ({
  taskId: row.task_id,
  mapIndex: row.map_index,
  ...rareOf(row),
  status: row.state,
  attempt: row.attempt,
  sequence: row.sequence,
  freeRepeats: row.free_repeats,
  cause: row.cause,
  cancelFor: row.cancel_for ?? undefined,
  assignedMs: row.assigned_ms ?? undefined,
  acceptedMs: row.accepted_ms ?? undefined,
  startedMs: row.started_ms ?? undefined,
  endedMs: row.ended_ms ?? undefined,
  dueMs: row.due_ms ?? undefined,
  failure: row.failure ?? undefined,
  reason: row.reason ?? undefined,
  link: row.link ?? undefined,
  output: isOutputNamed && row.state === "succeeded" ? row.output : undefined,
});

function rareOf({ more, assigned_ms }: TaskRecord) {
  const assignedMs = assigned_ms ?? undefined;
  if (more === null) return { ...plain, firstMs: assignedMs, turnMs: assignedMs };
  return {
    attemptBase: more.attemptBase ?? 0,
    firstMs: more.firstMs,
    turnMs: more.turnMs,
    clearedBy: more.clearedBy,
    markAs: more.markAs,
    claims: more.claims ?? [],
    granted: more.granted ?? 0,
    listeners: more.listeners ?? [],
    told: more.told ?? [],
    cancelNow: more.cancelNow ?? false,
    child: more.child,
    items: more.items,
    approval: more.approval,
  };
}

const plain = {
  attemptBase: 0,
  clearedBy: undefined,
  markAs: undefined,
  claims: [],
  granted: 0,
  listeners: [],
  told: [],
  cancelNow: false,
  child: undefined,
  items: undefined,
  approval: undefined,
} as const;
