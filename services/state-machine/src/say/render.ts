// Assignments with their configuration rendered. Outputs are loaded here, just when an expression names them: one
// SELECT for a whole batch.
import type { OutMessage } from "@chasqui/bus";
import { renderTask } from "@chasqui/dag";
import type { Json, PlanTask, Scope } from "@chasqui/machine";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "postgres";
import type { CachedRun } from "../core/aggregates.ts";
import type { Version, Versions } from "../store/versions.ts";
import { assignment, unrendered } from "./messages.ts";

const CONFIG_BYTES_MAX = 512 * 1024;

export interface Wanted {
  readonly run: CachedRun;
  readonly task: number;
  readonly attempt: number;
}

export interface RenderContext {
  readonly sql: Sql;
  readonly versions: Versions;
  readonly environment: string;
  readonly vars: JsonObject;
}

type Outputs = ReadonlyMap<string, Json>;
const outputKey = (runId: string, taskId: string): string => `${runId} ${taskId}`;

/** One message per wanted assignment, in their order. */
export async function renderAssignments(
  wanted: readonly Wanted[],
  context: RenderContext,
): Promise<OutMessage[]> {
  const named = new Map<Wanted, readonly string[]>();
  for (const one of wanted) {
    const id = one.run.state.plan.tasks[one.task]?.id ?? "";
    const names = versionOf(context, one.run).templates.get(id)?.names ?? [];
    if (names.length > 0) named.set(one, names);
  }
  const outputs = await loadOutputs(context.sql, named);
  return wanted.flatMap((one) => {
    const planned = one.run.state.plan.tasks[one.task];
    return planned === undefined
      ? []
      : [renderOne(one, planned, named.get(one) ?? [], outputs, context)];
  });
}

function versionOf({ versions }: RenderContext, run: CachedRun): Version {
  const version = versions.cached(run.meta.dagId, run.state.plan.fingerprint);
  if (version === undefined)
    throw new Error(`run ${run.meta.runId}: its DAG version is not loaded`);
  return version;
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
  const rows = await sql<{ run_id: string; task_id: string; output: Json }[]>`
    select run_id, task_id, output from state_machine.task
    join unnest(${runs}::text[], ${tasks}::text[]) as wanted(run_id, task_id) using (run_id, task_id)
    where output is not null`;
  return new Map(rows.map((row) => [outputKey(row.run_id, row.task_id), row.output]));
}

function renderOne(
  { run, attempt }: Wanted,
  planned: PlanTask,
  names: readonly string[],
  outputs: Outputs,
  context: RenderContext,
): OutMessage {
  const { environment } = context;
  const { spec, templates } = versionOf(context, run);
  const template = templates.get(planned.id);
  if (template === undefined)
    return unrendered(run, planned, attempt, "the DAG version has no such task");
  if (template.constant !== undefined)
    return assignment(run, planned, attempt, { configJson: template.constant, environment });
  const tasks: Record<string, { state: string; output: Json }> = {};
  for (const id of names)
    tasks[id] = {
      state: run.state.tasks[run.state.plan.indexOf.get(id) ?? -1]?.status ?? "waiting",
      output: outputs.get(outputKey(run.meta.runId, id)) ?? null,
    };
  const { params, event } = run.meta;
  const facts: Scope = { run: run.state.facts, params, event, tasks };
  const rendered = renderTask(spec, template.spec, facts, { vars: context.vars });
  if (!rendered.ok) return unrendered(run, planned, attempt, `with: ${rendered.message}`);
  const configJson = JSON.stringify(rendered.value);
  const bytes = Buffer.byteLength(configJson);
  if (bytes > CONFIG_BYTES_MAX)
    return unrendered(
      run,
      planned,
      attempt,
      `with: ${bytes} bytes rendered: want at most ${CONFIG_BYTES_MAX}`,
    );
  return assignment(run, planned, attempt, { configJson, environment });
}
