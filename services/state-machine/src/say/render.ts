// Assignments with their configuration rendered. Outputs are loaded here, just when an expression names them: one
// SELECT for a whole batch.
import type { OutMessage } from "@chasqui/bus";
import { builtInKindSchemas, builtInKinds } from "@chasqui/contracts";
import { misfitOf, questionOf, renderTask } from "@chasqui/dag";
import { APPROVAL_KIND, CHILD_KIND, scopeOf } from "@chasqui/machine";
import type { Json, Plan, Scope, TaskState } from "@chasqui/machine";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Sql } from "postgres";
import type { CachedRun } from "../core/aggregates.ts";
import type { Version, Versions } from "../store/versions.ts";
import { childOf, nameChild, startChild } from "./children.ts";
import { openApproval } from "./approval-messages.ts";
import { assignment, unrendered } from "./messages.ts";
import type { Assigned } from "./messages.ts";

const CONFIG_BYTES_MAX = 512 * 1024;

export interface Wanted {
  readonly run: CachedRun;
  readonly slot: number;
  readonly attempt: number;
  /** Tells apart what is said once more after a while. */
  readonly again?: string;
}

export interface RenderContext {
  readonly sql: Sql;
  readonly versions: Versions;
  readonly environment: string;
  readonly vars: JsonObject;
}

type Outputs = ReadonlyMap<string, Json>;
const outputKey = (runId: string, taskId: string, mapIndex: number): string =>
  `${runId} ${taskId} ${mapIndex}`;

/** A message for each wanted assignment, in their order. */
export async function renderAssignments(
  wanted: readonly Wanted[],
  context: RenderContext,
): Promise<(OutMessage | undefined)[]> {
  const versions = await versionsOf(wanted, context);
  const named = new Map<Wanted, readonly string[]>();
  for (const one of wanted) {
    const id = assignedOf(one)?.planned.id ?? "";
    const names = versions.get(one.run.state.plan)?.templates.get(id)?.names ?? [];
    if (names.length > 0) named.set(one, names);
  }
  const outputs = await loadOutputs(context.sql, named);
  return wanted.map((one) => {
    const assigned = assignedOf(one);
    if (assigned === undefined) return undefined;
    if (assigned.task.child !== undefined) return startChild(one.run, assigned.task, one);
    const version = versions.get(one.run.state.plan);
    if (version === undefined) return unrendered(one.run, assigned, "its DAG version is not there");
    return renderOne(
      { run: one.run, version, names: named.get(one) ?? [] },
      assigned,
      outputs,
      context,
    );
  });
}

function assignedOf({ run, slot, attempt }: Wanted): Assigned | undefined {
  const task = run.state.tasks[slot];
  const planned = task === undefined ? undefined : run.state.plan.tasks[task.plan];
  return task === undefined || planned === undefined ? undefined : { task, planned, attempt };
}

/** By plan. Memory holds the versions that were used lately; a run's own may have had to make room since it was decided. */
async function versionsOf(
  wanted: readonly Wanted[],
  { versions }: RenderContext,
): Promise<ReadonlyMap<Plan, Version>> {
  const found = new Map<Plan, Version>();
  for (const { run } of wanted) {
    const { plan } = run.state;
    if (found.has(plan)) continue;
    const { dagId } = run.meta;
    const version =
      versions.cached(dagId, plan.fingerprint) ?? (await versions.get(dagId, plan.fingerprint));
    if (version !== undefined) found.set(plan, version);
  }
  return found;
}

async function loadOutputs(
  sql: Sql,
  named: ReadonlyMap<Wanted, readonly string[]>,
): Promise<Outputs> {
  const runs: string[] = [];
  const tasks: string[] = [];
  for (const [{ run }, names] of named)
    for (const name of names) {
      runs.push(run.meta.runId);
      tasks.push(name);
    }
  if (runs.length === 0) return new Map();
  const rows = await sql<{ run_id: string; task_id: string; map_index: number; output: Json }[]>`
    select run_id, task_id, map_index, output from state_machine.task
    join unnest(${runs}::text[], ${tasks}::text[]) as wanted(run_id, task_id) using (run_id, task_id)
    where output is not null`;
  return new Map(
    rows.map((row) => [outputKey(row.run_id, row.task_id, row.map_index), row.output]),
  );
}

interface Of {
  readonly run: CachedRun;
  readonly version: Version;
  /** Tasks whose output its configuration names. */
  readonly names: readonly string[];
}

function renderOne(
  { run, version: { spec, templates }, names }: Of,
  assigned: Assigned,
  outputs: Outputs,
  context: RenderContext,
): OutMessage {
  const { environment } = context;
  const template = templates.get(assigned.planned.id);
  if (template === undefined) return unrendered(run, assigned, "the DAG version has no such task");
  if (template.constant !== undefined)
    return sayAssigned(run, assigned, { configJson: template.constant, environment });
  const scope = scopeOfAssigned(run, assigned, names, outputs);
  const rendered = renderTask(spec, template.spec, scope, { vars: context.vars });
  if (!rendered.ok) return unrendered(run, assigned, `with: ${rendered.message}`);
  const misfit = misfitOfKind(assigned.planned.kind, rendered.value);
  if (misfit !== undefined) return unrendered(run, assigned, misfit);
  const configJson = JSON.stringify(rendered.value);
  const bytes = Buffer.byteLength(configJson);
  if (bytes > CONFIG_BYTES_MAX)
    return unrendered(
      run,
      assigned,
      `with: ${bytes} bytes rendered: want at most ${CONFIG_BYTES_MAX}`,
    );
  return sayAssigned(run, assigned, { configJson, environment });
}

/** Kinds of other people's runners are judged by those; what this service decides itself is judged where it is. */
function misfitOfKind(kind: string, config: JsonValue): string | undefined {
  const schema = Object.hasOwn(builtInKinds, kind) ? builtInKindSchemas[kind] : undefined;
  return schema === undefined ? undefined : misfitOf(schema, config);
}

/** A task that wants a run of another DAG, or asks people, has no runner: its own run notes what it wants. */
export function sayAssigned(
  run: CachedRun,
  assigned: Assigned,
  rendered: { configJson: string; environment: string },
): OutMessage {
  const { task, planned, attempt } = assigned;
  if (planned.kind === APPROVAL_KIND)
    return asked(run, assigned, JSON.parse(rendered.configJson) as JsonValue);
  if (planned.kind !== CHILD_KIND) return assignment(run, assigned, rendered);
  const ref = { taskId: planned.id, mapIndex: task.mapIndex, attempt };
  const child = childOf(run, ref, JSON.parse(rendered.configJson) as JsonValue);
  return child.ok ? nameChild(run, ref, child.value) : unrendered(run, assigned, child.message);
}

function asked(run: CachedRun, assigned: Assigned, config: JsonValue): OutMessage {
  const question = questionOf(config);
  return question.ok
    ? openApproval(run, assigned, question.value)
    : unrendered(run, assigned, `with: ${question.message}`);
}

/** What its configuration reads: states from memory, outputs as they were loaded for it. */
function scopeOfAssigned(
  run: CachedRun,
  { task }: Assigned,
  names: readonly string[],
  outputs: Outputs,
): Scope {
  const { plan } = run.state;
  const named = names.flatMap((id) => plan.indexOf.get(id) ?? []);
  const scope = scopeOf(run.state, named, { task, atMs: run.state.lastMs });
  const { runId } = run.meta;
  const tasks = Object.fromEntries(
    Object.entries(scope.tasks).map(([id, { state }]) => {
      const index = indexBeside(run, task, id);
      const slots = index < 0 ? instancesOf(run, id) : undefined;
      const output = slots
        ? slots.map((mapIndex) => outputs.get(outputKey(runId, id, mapIndex)) ?? null)
        : (outputs.get(outputKey(runId, id, index)) ?? null);
      return [id, { state, output }];
    }),
  );
  return { ...scope, tasks };
}

/** Within a mapping an instance reads its own index of the others; from outside the task itself. */
function indexBeside({ state }: CachedRun, reader: TaskState, id: string): number {
  const mine = state.plan.tasks[reader.plan]?.mapper;
  const other = state.plan.tasks[state.plan.indexOf.get(id) ?? -1]?.mapper;
  return mine !== undefined && mine === other ? reader.mapIndex : -1;
}

/** Indexes of a task that was mapped, in their order. */
function instancesOf({ state }: CachedRun, id: string): number[] | undefined {
  const plan = state.plan.indexOf.get(id) ?? -1;
  if (state.tasks[plan]?.isFrame !== true) return undefined;
  const count = state.maps.get(state.plan.tasks[plan]?.mapper ?? -1)?.count ?? 0;
  return Array.from({ length: count }, (_, index) => index);
}
