// The hot statement: one for a whole batch, with the parts that the batch needs. Rows are locked in the order of their ids first; each aggregate moves only if its
// version is the one that was read (the fence); tasks, history and new runs follow only where their aggregate won.
// Column lists are written once, here, so that arrays, record and SET clauses cannot drift apart.

export interface Column {
  readonly name: string;
  /** The array element's type on the wire. */
  readonly wire: "text" | "int4" | "float8";
  /** Times travel as milliseconds; booleans as text, since postgres.js takes an array of them for one boolean. */
  readonly as?: "ms" | "jsonb" | "bool";
}

export const runMoving: readonly Column[] = [
  { name: "state", wire: "text" },
  { name: "reason", wire: "text" },
  { name: "started_at", wire: "float8", as: "ms" },
  { name: "settled_at", wire: "float8", as: "ms" },
  { name: "last_at", wire: "float8", as: "ms" },
  { name: "wake_at", wire: "float8", as: "ms" },
  { name: "settled_by", wire: "text" },
  { name: "parents", wire: "text", as: "jsonb" },
  { name: "announced_version", wire: "int4" },
];
export const runFixed: readonly Column[] = [
  { name: "dag_id", wire: "text" },
  { name: "dag_number", wire: "int4" },
  { name: "fingerprint", wire: "text" },
  { name: "key", wire: "text" },
  { name: "cause_kind", wire: "text" },
  { name: "cause_by", wire: "text" },
  { name: "params", wire: "text", as: "jsonb" },
  { name: "event", wire: "text", as: "jsonb" },
  { name: "rerun_of", wire: "text" },
  { name: "traceparent", wire: "text" },
  { name: "trace_id", wire: "text" },
  { name: "traced", wire: "text", as: "bool" },
  { name: "logical_at", wire: "float8", as: "ms" },
  { name: "interval_start_at", wire: "float8", as: "ms" },
  { name: "interval_end_at", wire: "float8", as: "ms" },
  { name: "created_at", wire: "float8", as: "ms" },
  { name: "previous_run_id", wire: "text" },
];
export const taskMoving: readonly Column[] = [
  { name: "state", wire: "text" },
  { name: "attempt", wire: "int4" },
  { name: "sequence", wire: "int4" },
  { name: "free_repeats", wire: "int4" },
  { name: "cause", wire: "text" },
  { name: "cancel_for", wire: "text" },
  { name: "assigned_at", wire: "float8", as: "ms" },
  { name: "accepted_at", wire: "float8", as: "ms" },
  { name: "started_at", wire: "float8", as: "ms" },
  { name: "ended_at", wire: "float8", as: "ms" },
  { name: "due_at", wire: "float8", as: "ms" },
  { name: "failure", wire: "text", as: "jsonb" },
  { name: "reason", wire: "text" },
  { name: "link", wire: "text" },
  { name: "output", wire: "text", as: "jsonb" },
  { name: "more", wire: "text", as: "jsonb" },
];
const taskKey: readonly Column[] = [
  { name: "run_id", wire: "text" },
  { name: "task_id", wire: "text" },
  { name: "map_index", wire: "int4" },
];
const runKey: readonly Column[] = [{ name: "run_id", wire: "text" }];
const readVersion: Column = { name: "read_version", wire: "int4" };
const eventColumns: readonly Column[] = [
  { name: "run_id", wire: "text" },
  { name: "version", wire: "int4" },
  { name: "events", wire: "text" },
];
export const dagMoving: readonly Column[] = [
  { name: "number", wire: "int4" },
  { name: "fingerprint", wire: "text" },
  { name: "paused", wire: "text", as: "bool" },
  { name: "paused_by", wire: "text" },
  { name: "pause_reason", wire: "text" },
  { name: "retired", wire: "text", as: "bool" },
  { name: "has_waiting", wire: "text", as: "bool" },
  { name: "active", wire: "text", as: "jsonb" },
  { name: "reopened", wire: "text", as: "jsonb" },
  { name: "failing", wire: "text", as: "jsonb" },
  { name: "changed_at", wire: "float8", as: "ms" },
];
const dagKey: Column = { name: "dag_id", wire: "text" };
const auditColumns: readonly Column[] = [
  dagKey,
  { name: "principal", wire: "text" },
  { name: "action", wire: "text" },
  { name: "reason", wire: "text" },
  { name: "detail", wire: "text", as: "jsonb" },
  { name: "cause", wire: "text" },
];
const versionColumns: readonly Column[] = [
  dagKey,
  { name: "number", wire: "int4" },
  { name: "fingerprint", wire: "text" },
  { name: "applied_at", wire: "float8", as: "ms" },
  { name: "applied_by", wire: "text" },
  { name: "note", wire: "text" },
  { name: "commit_id", wire: "text" },
];

const poolKey: Column = { name: "pool", wire: "text" };
export const poolMoving: readonly Column[] = [
  { name: "version", wire: "float8" },
  { name: "size", wire: "int4" },
  { name: "declared", wire: "int4" },
  { name: "asked", wire: "float8" },
  { name: "served", wire: "float8" },
  { name: "turns", wire: "text", as: "jsonb" },
  { name: "changed_at", wire: "float8", as: "ms" },
];
const claimKey: readonly Column[] = [poolKey, { name: "attempt_id", wire: "text" }];
const claimMoving: readonly Column[] = [
  { name: "run_id", wire: "text" },
  { name: "dag_id", wire: "text" },
  { name: "task_id", wire: "text" },
  { name: "map_index", wire: "int4" },
  { name: "attempt", wire: "int4" },
  { name: "slots", wire: "int4" },
  { name: "taken", wire: "int4" },
  { name: "priority", wire: "int4" },
  { name: "place", wire: "float8" },
  { name: "asked_at", wire: "float8", as: "ms" },
  { name: "granted_at", wire: "float8", as: "ms" },
];
const poolAuditColumns: readonly Column[] = [poolKey, ...auditColumns.slice(1)];

/** The columns of each relation, an array of the statement each. */
export const relations = {
  run: [...runKey, readVersion, ...runMoving],
  task: [...taskKey, ...taskMoving],
  event: eventColumns,
  dag: [dagKey, readVersion, ...dagMoving],
  created: [...runKey, ...runFixed, ...runMoving],
  audit: auditColumns,
  run_audit: [...runKey, ...auditColumns.slice(1)],
  version: versionColumns,
  pool: [poolKey, { name: "read_version", wire: "float8" }, ...poolMoving],
  claim: [...claimKey, ...claimMoving],
  gone: claimKey,
  pool_audit: poolAuditColumns,
} as const;
export type Relation = keyof typeof relations;

const names = (columns: readonly Column[], prefix = ""): string =>
  columns.map((column) => prefix + column.name).join(", ");
const value = (column: Column, from: string): string => {
  const raw = `${from}.${column.name}`;
  if (column.as === "ms") return `to_timestamp(${raw} / 1000.0)`;
  return column.as === undefined ? raw : `${raw}::${column.as}`;
};
const values = (columns: readonly Column[], from: string): string =>
  columns.map((column) => value(column, from)).join(", ");
const sets = (columns: readonly Column[], from: string): string =>
  columns.map((column) => `${column.name} = ${value(column, from)}`).join(", ");

function inputs(used: readonly Relation[]): string {
  let n = 0;
  return used
    .map((relation) => {
      const arrays = relations[relation].map((column) => `$${++n}::${column.wire}[]`).join(", ");
      return `${relation}_in as (select * from unnest(${arrays}) as t(${names(relations[relation])}))`;
    })
    .join(",\n");
}

const runPart = `
run_lock as (select r.run_id from state_machine.run r join run_in using (run_id) order by r.run_id for update of r),
run_won as (
  update state_machine.run r set version = i.read_version + 1, ${sets(runMoving, "i")}
  from run_in i
  where r.run_id = i.run_id and r.version = i.read_version and (select count(*) from run_lock) > 0
  returning r.run_id)`;

const dagActive = "array(select jsonb_array_elements_text(i.active::jsonb))";
const dagSets = sets(dagMoving, "i").replace("active = i.active::jsonb", `active = ${dagActive}`);
const dagPart = `
dag_lock as (select d.dag_id from state_machine.dag d join dag_in using (dag_id) order by d.dag_id for update of d),
dag_won as (
  update state_machine.dag d set version = i.read_version + 1, ${dagSets}
  from dag_in i
  where d.dag_id = i.dag_id and d.version = i.read_version and (select count(*) from dag_lock) > 0
  returning d.dag_id)`;
const createdPart = `
run_new as (
  insert into state_machine.run (run_id, ${names(runFixed)}, ${names(runMoving)}, version, format)
  select i.run_id, ${values(runFixed, "i")}, ${values(runMoving, "i")}, 1, 1
  from created_in i join dag_won using (dag_id)
  on conflict (run_id) do nothing returning run_id)`;
const dagAuditPart = `
dag_audit as (
  insert into state_machine.audit (principal, action, resource, reason, detail, cause)
  select i.principal, i.action, 'dag/' || i.dag_id, i.reason, i.detail::jsonb, i.cause
  from audit_in i join dag_won using (dag_id)),
dag_version_new as (
  insert into state_machine.dag_version (${names(versionColumns)})
  select ${values(versionColumns, "i")} from version_in i join dag_won using (dag_id))`;

// A pool that is not there yet was read with version 0; its first version is the clock's, so that one that is made
// again is never taken for its predecessor.
const ofWonPool = "jsonb_exists((select pools from pool_set), i.pool)";
const poolPart = `
pool_lock as (select p.pool from state_machine.pool p join pool_in using (pool) order by p.pool for update of p),
pool_moved as (
  update state_machine.pool p set ${sets(poolMoving, "i")}
  from pool_in i
  where p.pool = i.pool and p.version = i.read_version and (select count(*) from pool_lock) > 0
  returning p.pool),
pool_new as (
  insert into state_machine.pool (pool, format, ${names(poolMoving)})
  select i.pool, 1, ${values(poolMoving, "i")} from pool_in i where i.read_version = 0
  on conflict (pool) do nothing returning pool),
pool_won as (select pool from pool_moved union all select pool from pool_new),
pool_set as (select coalesce(jsonb_object_agg(pool, true), '{}') as pools from pool_won),
claim_set as (
  insert into state_machine.pool_claim as c (${names(claimKey)}, ${names(claimMoving)})
  select ${values(claimKey, "i")}, ${values(claimMoving, "i")} from claim_in i where ${ofWonPool}
  on conflict (pool, attempt_id) do update set taken = excluded.taken, granted_at = excluded.granted_at),
claim_gone as (
  delete from state_machine.pool_claim c using gone_in i
  where c.pool = i.pool and c.attempt_id = i.attempt_id and ${ofWonPool}),
pool_audit_new as (
  insert into state_machine.audit (principal, action, resource, reason, detail, cause)
  select i.principal, i.action, 'pool/' || i.pool, i.reason, i.detail::jsonb, i.cause
  from pool_audit_in i where ${ofWonPool})`;

// Winners as the keys of one JSON object: looked up by bisection. A join would be a nested loop, for a plan made once
// expects few rows; with 4,000 tasks of 500 runs in a batch that cost more than all the rest.
const hasWon = "jsonb_exists((select runs from won_set), i.run_id)";
const ofWonRuns = (winners: readonly string[]): string => `
won as (${winners.join(" union all ")}),
won_set as (select coalesce(jsonb_object_agg(run_id, true), '{}') as runs from won),
task_set as (
  insert into state_machine.task as t (run_id, task_id, map_index, ${names(taskMoving)})
  select i.run_id, i.task_id, i.map_index, ${values(taskMoving, "i")} from task_in i where ${hasWon}
  on conflict (run_id, task_id, map_index) do update set ${taskMoving.map(({ name }) => `${name} = excluded.${name}`).join(", ")}),
event_new as (
  insert into state_machine.run_event (run_id, version, format, events)
  select i.run_id, i.version, 1, i.events from event_in i where ${hasWon})`;
const runAuditPart = `
run_audit_new as (
  insert into state_machine.audit (principal, action, resource, reason, detail, cause)
  select i.principal, i.action, 'run/' || i.run_id, i.reason, i.detail::jsonb, i.cause
  from run_audit_in i where ${hasWon})`;

export interface Statement {
  /** What its parameters are, in order: the arrays of each relation, column by column. */
  readonly relations: readonly Relation[];
  readonly text: string;
}

/** What a batch has rows of. A part that has none costs a commit of one run as much as one that has: it is left out. */
interface Shape {
  readonly run: boolean;
  readonly dag: boolean;
  readonly created: boolean;
  /** Audits and new versions: what people do. */
  readonly audited: boolean;
  readonly pool: boolean;
}

const poolRelations = ["pool", "claim", "gone", "pool_audit"] as const;

function statementOf({ run, dag, created, audited, pool }: Shape): Statement {
  const hasRuns = run || created;
  const used: Relation[] = [];
  const parts: string[] = [];
  const winners: string[] = [];
  const wonRuns: string[] = [];
  const add = (isThere: boolean, relations: readonly Relation[], part: string): void => {
    if (!isThere) return;
    used.push(...relations);
    parts.push(part);
  };
  add(run, ["run"], runPart);
  if (run) wonRuns.push("select run_id from run_won");
  if (run) winners.push("select 'run' as kind, run_id as id from run_won");
  add(dag, ["dag"], dagPart);
  if (dag) winners.push("select 'dag' as kind, dag_id as id from dag_won");
  add(created, ["created"], createdPart);
  if (created) wonRuns.push("select run_id from run_new");
  if (created) winners.push("select 'created' as kind, run_id as id from run_new");
  add(dag && audited, ["audit", "version"], dagAuditPart);
  add(pool, poolRelations, poolPart);
  if (pool) winners.push("select 'pool' as kind, pool as id from pool_won");
  add(hasRuns, ["task", "event"], ofWonRuns(wonRuns));
  add(hasRuns && audited, ["run_audit"], runAuditPart);
  const text = `with ${inputs(used)},${parts.join(",")}\n${winners.join("\nunion all ")}`;
  return { relations: used, text };
}

/** What most batches need: tasks of runs that go on. */
export const hotStatement = statementOf({
  ...{ run: true, dag: false, created: false, audited: false, pool: false },
});

const statements = new Map<string, Statement>();

/** One of two dozen texts, each prepared once per connection. */
export function statementFor(rows: Readonly<Record<Relation, readonly unknown[]>>): Statement {
  const has = (...some: readonly Relation[]): boolean => some.some((name) => rows[name].length > 0);
  const shape: Shape = {
    run: has("run"),
    dag: has("dag"),
    created: has("created"),
    audited: has("audit", "version", "run_audit"),
    pool: has("pool"),
  };
  const key = Object.values(shape).join(" ");
  const known = statements.get(key);
  if (known !== undefined) return known;
  const made = statementOf(shape);
  statements.set(key, made);
  return made;
}
