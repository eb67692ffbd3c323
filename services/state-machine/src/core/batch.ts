// One batch of messages, decided: what to commit, and what to say once it is committed. Pure.
// Invariants:
//   B1. A message changes at most one existing aggregate; StartRun may create a run in the commit of its DAG. (A change
//       of a folder of DAGs is no part of a batch: folder.ts.)
//   B2. What a message caused is said only if the commit of its aggregate won.
//   B3. A message whose decision throws harms only itself: its aggregate is decided again without it.
import { allGrants, decide, decideDag, decidePool, effectsOf, stillWanted } from "@chasqui/machine";
import type {
  DagDecision,
  DagEffect,
  DagEvent,
  DagMessage,
  PoolEffect,
  Recorded,
  RunEffect,
} from "@chasqui/machine";
import type { Aggregates, CachedDag, CachedPool, CachedRun } from "./aggregates.ts";
import { poolKey } from "./aggregates.ts";
import { DECIDED, decidedBefore } from "./decided.ts";
import { createRun, versionToStart } from "./create-run.ts";
import type { VersionToStart } from "./create-run.ts";
import { isOrder } from "./inbound.ts";
import type { Inbound, StartFacts } from "./inbound.ts";
import { admit, admitted, askedAgain, pauseAgain, stillToCancel } from "./say-again.ts";

export interface RunChange {
  readonly run: CachedRun;
  readonly created: boolean;
  readonly events: Recorded[];
  /** Something in it was decided in the place of a person, and is audited as if one had. */
  audited?: true;
  /** The run's version after the commit; 0 before it. */
  committed: number;
}
export interface DagChange {
  readonly dag: CachedDag;
  readonly atMs: number;
  readonly events: {
    event: DagEvent;
    cause: string;
    by: string;
    note: string;
    commitId: string;
  }[];
  /** Nothing changed: how it is is said again. */
  readonly again?: true;
}

export interface PoolChange {
  readonly pool: CachedPool;
  readonly atMs: number;
  /** Changes of the size, for the audit. */
  readonly sizes: { from: number; to: number; by: string; note: string; cause: string }[];
}

export type Outcome =
  | { readonly kind: "moved"; readonly aggregate: string }
  /** Believed only if the aggregate is fresh, or proven current. */
  | { readonly kind: "nothing"; readonly aggregate: string; readonly why: string }
  | { readonly kind: "rejected"; readonly aggregate: string; readonly why: string }
  | { readonly kind: "threw"; readonly aggregate: string; readonly why: string };

export interface Said {
  readonly outcome: Outcome;
  readonly runEffects: readonly { readonly run: CachedRun; readonly effect: RunEffect }[];
  readonly dagEffects: readonly DagEffect[];
  readonly poolEffects: readonly { readonly pool: CachedPool; readonly effect: PoolEffect }[];
  /** The run the message was about, for whoever waits for the verdict. */
  readonly runId: string;
  /** The run that a StartRun made waits, because its DAG is paused. */
  readonly paused?: boolean;
  /** A StartRun was rejected by its schedule's overlap policy. */
  readonly overlap?: boolean;
  /** Of a change of a folder: the DAGs that it changed. */
  readonly changedDags?: readonly string[];
}

export interface Batch {
  readonly runs: Map<string, RunChange>;
  readonly dags: Map<string, DagChange>;
  readonly pools: Map<string, PoolChange>;
  /** Pools of which every grant was said again, once for all messages that came again. */
  readonly regranted: Set<string>;
  /** In the order of the messages. */
  readonly said: readonly Said[];
}

export interface BatchContext {
  readonly nowMs: number;
  readonly isTraced: (start: Pick<StartFacts, "traceparent">, taskCount: number) => boolean;
}

export function decideBatch(
  aggregates: Aggregates,
  messages: readonly Inbound[],
  context: BatchContext,
): Batch {
  const batch: Batch = {
    ...{ runs: new Map(), dags: new Map(), pools: new Map() },
    ...{ regranted: new Set(), said: [] },
  };
  const said = messages.map((message): Said => {
    const aggregate = aggregateOf(message.body);
    try {
      const one = decideOne(aggregates, batch, message, context);
      if (one.outcome.kind === "moved" && isOrder(message.body)) aggregates.decided.add(message.id); // a copy of it may be in this batch
      return one;
    } catch (thrown) {
      return silent({
        kind: "threw",
        aggregate,
        why: thrown instanceof Error ? thrown.message : String(thrown),
      });
    }
  });
  return { ...batch, said };
}

/** The name of what a message is about, as verdicts use it. */
export function aggregateOf(body: Inbound["body"]): string {
  if (body.to === "run") return body.runId;
  if (body.to === "folder") return "folder";
  return body.to === "dag" ? body.dagId : poolKey(body.pool);
}

const silent = (outcome: Outcome, runId = ""): Said => ({
  outcome,
  runEffects: [],
  dagEffects: [],
  poolEffects: [],
  runId,
});

function decideOne(all: Aggregates, batch: Batch, message: Inbound, context: BatchContext): Said {
  const { body } = message;
  if (body.to === "run") return decideRun(all, batch, message, body.runId, context);
  if (body.to === "dag") return decideForDag(all, batch, message, context);
  if (body.to === "folder") throw new TypeError("a change of a folder is decided by itself");
  return decideForPool(all, batch, message, context);
}

function decideForPool(
  all: Aggregates,
  batch: Batch,
  { id: cause, body, redelivered, by, note }: Inbound,
  { nowMs }: BatchContext,
): Said {
  if (body.to !== "pool") throw new TypeError("a message to a pool was expected");
  const pool = all.pools.get(body.pool);
  if (pool === undefined) throw new Error(`pool ${body.pool} was not loaded`);
  const aggregate = poolKey(body.pool);
  const decision = all.decided.has(cause)
    ? { kind: "nothing" as const, why: DECIDED, effects: [] }
    : decidePool(pool.state, body.message, nowMs);
  const isFirst = redelivered && !batch.regranted.has(body.pool);
  if (isFirst) batch.regranted.add(body.pool);
  const grants = isFirst ? allGrants(pool.state) : decision.effects;
  const poolEffects = grants.map((effect) => ({ pool, effect }));
  if (decision.kind === "nothing")
    return { ...silent({ kind: "nothing", aggregate, why: decision.why }), poolEffects };
  const change = batch.pools.get(body.pool) ?? { pool, atMs: nowMs, sizes: [] };
  batch.pools.set(body.pool, change);
  const { sizeBefore } = decision;
  if (sizeBefore !== undefined)
    change.sizes.push({ from: sizeBefore, to: pool.state.size, by, note, cause });
  return { ...silent({ kind: "moved", aggregate }), poolEffects };
}

/** The end of its time answered a question. */
export const isUnanswered = ({ event }: Recorded): boolean =>
  event.type === "approval_answered" && event.by === undefined;

function decideRun(
  all: Aggregates,
  batch: Batch,
  inbound: Inbound,
  runId: string,
  context: BatchContext,
): Said {
  if (inbound.body.to !== "run") throw new TypeError("a message to a run was expected");
  const run = all.runs.get(runId);
  if (run === undefined)
    return silent({ kind: "rejected", aggregate: runId, why: `no run is called ${runId}` });
  const moment = { nowMs: context.nowMs, cause: inbound.id };
  const { decision, events } = all.decided.has(inbound.id)
    ? decidedBefore
    : decide(run.state, inbound.body.message, moment);
  if (events.length > 0) {
    const change = changeOf(batch, run, false);
    change.events.push(...events);
    if (inbound.body.message.kind === "timer" && events.some(isUnanswered)) change.audited = true;
  }
  if (decision.kind === "rejected")
    return silent({ kind: "rejected", aggregate: runId, why: decision.why }, runId);
  const effects = effectsOf(run.state, events, decision.strays);
  const { message } = inbound.body;
  const about = "taskId" in message ? message : undefined;
  const again = inbound.redelivered ? stillWanted(run.state, inbound.id, about) : [];
  if (all.decided.has(inbound.id)) again.push(...askedAgain(run.state, message));
  if (decision.kind === "moved" && events.length > 0)
    return {
      ...silent({ kind: "moved", aggregate: runId }, runId),
      runEffects: withOthers(effects, again).map((effect) => ({ run, effect })),
    };
  const { why = "", answers = [] } = decision.kind === "nothing" ? decision : {};
  return {
    ...silent({ kind: "nothing", aggregate: runId, why }, runId),
    runEffects: [...effects, ...answers, ...again].map((effect) => ({ run, effect })),
  };
}

/** Time went on, so a timer moves the run a second time: what it caused at first may be unsaid still. */
function withOthers(effects: readonly RunEffect[], again: readonly RunEffect[]): RunEffect[] {
  if (again.length === 0) return [...effects];
  const said = new Set(effects.map((effect) => JSON.stringify(effect)));
  return [...effects, ...again.filter((effect) => !said.has(JSON.stringify(effect)))];
}

function changeOf(batch: Batch, run: CachedRun, created: boolean): RunChange {
  const { runId } = run.meta;
  const known = batch.runs.get(runId);
  if (known !== undefined) return known;
  const change: RunChange = { run, created, events: [], committed: 0 };
  batch.runs.set(runId, change);
  return change;
}

function decideForDag(
  all: Aggregates,
  batch: Batch,
  inbound: Inbound,
  context: BatchContext,
): Said {
  const { body } = inbound;
  if (body.to !== "dag") throw new TypeError("a message to a DAG was expected");
  const dag = all.dags.get(body.dagId);
  const rejected = (why: string): Said => silent({ kind: "rejected", aggregate: body.dagId, why });
  if (dag === undefined) return rejected(`no DAG is called ${body.dagId}`);
  const message = dagMessageOf(all, body);
  const version = body.kind === "start" ? versionToStart(all, dag, body) : undefined;
  if (message.kind === "start" && !message.exists && dag.state.number > 0 && version === undefined)
    return rejected(`DAG ${body.dagId}: the version to run was never stored`);
  const refused = refusalOf(body, message, version);
  if (refused !== undefined) return rejected(`DAG ${body.dagId}: ${refused}`);
  const decision: DagDecision = all.decided.has(inbound.id)
    ? { kind: "nothing", why: DECIDED }
    : decideDag(dag.state, message, dag.waiting);
  const runId = message.kind === "start" ? message.runId : "";
  if (decision.kind === "rejected")
    return { ...rejected(decision.why), runId, overlap: decision.overlap === true };
  if (decision.kind === "nothing") return sayAgain(all, inbound, dag, decision.why, runId);
  const change = batch.dags.get(body.dagId) ?? { dag, atMs: context.nowMs, events: [] };
  batch.dags.set(body.dagId, change);
  const { id: cause, by, note, commitId = "" } = inbound;
  for (const event of decision.events) {
    const said = event.type === "paused_set" ? { by: event.by, note: event.reason } : { by, note };
    change.events.push({ event, cause, ...said, commitId });
  }
  const created = decision.effects.find((effect) => effect.kind === "create_run");
  let runEffects: Said["runEffects"] = [];
  if (body.kind === "start" && version !== undefined && created !== undefined) {
    const wanted = { version, start: body.start, admitted: created.admitted };
    const about = { ...context, cause: inbound.id };
    const { run, events, ...said } = createRun(all, batch.runs.values(), wanted, about);
    all.runs.set(runId, run);
    if (run.state.status === "queued") dag.waiting.push(runId);
    changeOf(batch, run, true).events.push(...events);
    runEffects = said.runEffects;
  }
  return {
    ...silent({ kind: "moved", aggregate: body.dagId }, runId),
    runEffects,
    dagEffects: inbound.redelivered
      ? [...decision.effects, ...admitted(dag.state, decision.effects)]
      : decision.effects,
    ...(body.kind === "start" && dag.state.paused ? { paused: true } : {}),
  };
}

function dagMessageOf(all: Aggregates, body: Extract<Inbound["body"], { to: "dag" }>): DagMessage {
  if (body.kind === "other") return body.message;
  const { runId, causeKind, unwanted } = body.start;
  const facts = {
    scheduled: causeKind === "schedule",
    unwanted: unwanted !== undefined,
    beside: causeKind === "backfill",
  };
  return { kind: "start", runId, exists: all.runs.has(runId), ...facts };
}

/** What people and triggers ask for was checked where they asked; what a task of another run wants, is checked here. */
function refusalOf(
  body: Inbound["body"],
  message: DagMessage,
  version: VersionToStart | undefined,
): string | undefined {
  if (body.to !== "dag" || body.kind !== "start" || message.kind !== "start") return undefined;
  const { parent, unwanted, params } = body.start;
  if (message.exists || parent === undefined || unwanted !== undefined) return undefined;
  return version?.plan.refusesParams?.(params);
}

/**
 * A message to a DAG, delivered again after its commit: what its run still wants of what it caused, and the runs that
 * hold a slot are told once more that they do. A run that began ignores that.
 */
function sayAgain(
  all: Aggregates,
  inbound: Inbound,
  dag: CachedDag,
  why: string,
  runId: string,
): Said {
  const { state } = dag;
  const said = silent({ kind: "nothing", aggregate: state.dagId, why }, runId);
  if (!inbound.redelivered) return said;
  const run = all.runs.get(runId);
  if (run === undefined)
    return { ...said, dagEffects: [...state.active.map(admit), ...pauseAgain(inbound, state)] };
  const runEffects = stillWanted(run.state, inbound.id).map((effect) => ({ run, effect }));
  return { ...said, runEffects, dagEffects: stillToCancel(state, runId) };
}
