// Events that are collected for one run, and runs that a rate limits: decided under a lock, one transaction each.
// Facts that a reader may rely on:
//   K1. What an event meant is committed before it is acknowledged: waiting, in a run, or given up with a reason.
//   K2. The same event twice is once: the ledger's row is looked at and written under the same lock.
//   K3. No replica is special: whoever gets the event, or first sees that a group is due, decides.
import { formatTraceparent } from "@chasqui/chassis";
import type { Logger } from "@chasqui/chassis";
import type { Sql, TransactionSql } from "postgres";
import { askForGroup, bytesOf, limitedBy } from "./ask.ts";
import type { AskOptions, Params } from "./ask.ts";
import { collect, whenDue } from "./core/groups.ts";
import type { Group } from "./core/groups.ts";
import type { Rate } from "./core/rules.ts";
import { runEventOf } from "./core/triggers.ts";
import type { BoundRule, TriggerVerdict } from "./core/triggers.ts";
import { triggerStart } from "./starts.ts";
import type { Start } from "./starts.ts";
import { deleteGroup, giveUp, hasRule, loadGroup, loadMembers, putGroup } from "./store/groups.ts";
import type { Place, WaitingEvent } from "./store/groups.ts";
import { lockName, tryLockName } from "./store/locks.ts";
import { insertTrigger, isRecorded } from "./store/triggers.ts";
import type { CollectedTrigger } from "./store/triggers.ts";
import type { ReceivedTrigger } from "./translate.ts";

export interface CollectOptions extends AskOptions {
  readonly sql: Sql;
  readonly log: Logger;
}

export interface Arrived extends ReceivedTrigger {
  readonly publishedMs: number;
  /** Its place in the stream: many are published in one millisecond. */
  readonly sequence?: number;
  readonly receivedMs: number;
}

type Collect = Extract<TriggerVerdict, { outcome: "collect" }>;
type Rated = Extract<TriggerVerdict, { outcome: "start" }>;

export interface Collector {
  /** Answers the StartRuns that follow, to be said. */
  take(arrived: Arrived, verdict: Collect): Promise<Start[]>;
  takeRated(arrived: Arrived, verdict: Rated, rate: Rate): Promise<Start[]>;
  /** A group whose time has come; or, without `bound`, one whose trigger is gone. */
  close(place: Place, bound: BoundRule | undefined): Promise<Start[]>;
}

export function createCollector(o: CollectOptions): Collector {
  return {
    take: (arrived, verdict) => o.sql.begin((tx) => take(o, tx, arrived, verdict)),
    takeRated: (arrived, verdict, rate) =>
      o.sql.begin((tx) => takeRated(o, tx, arrived, verdict, rate)),
    close: (place, bound) => o.sql.begin((tx) => close(o, tx, place, bound)),
  };
}

async function take(
  o: CollectOptions,
  tx: TransactionSql,
  arrived: Arrived,
  { dagId, bound, key, leaves }: Collect,
): Promise<Start[]> {
  const { source, id } = arrived.trigger;
  const place = { dagId, rule: bound.rule.id, key };
  await lockName(tx, "group", dagId, place.rule, key);
  if (await isRecorded(tx, { source, id, dagId })) return [];
  const waits = waitsOf(arrived, leaves);
  const event = { source, id, receivedMs: o.now(), leaves, bytes: waits.bytes };
  const starts: Start[] = [];
  let group = await loadGroup(tx, place);
  if (typeof group === "object") {
    starts.push(...(await dueNow(o, tx, place, bound, group)));
    group = await loadGroup(tx, place);
  }
  let decision = collect(bound.rule, group, event);
  if (decision.kind === "next" && typeof group === "object") {
    starts.push(...(await askForGroup(o, tx, place, bound, group.lead)));
    group = await loadGroup(tx, place);
    decision = collect(bound.rule, group, event);
  }
  switch (decision.kind) {
    case "joins": {
      const params = bound.params([waits]);
      const start = startOf(o, arrived, { dagId, key, params: params.ok ? params.value : {} });
      const became = { outcome: "starting", runKey: key, start: bytesOf(start) } as const;
      await insert(o, tx, arrived, place, became);
      return [...starts, start];
    }
    case "waits":
      await insert(o, tx, arrived, place, { outcome: "waiting", reason: decision.reason, waits });
      await putGroup(tx, place, decision.group, decision.reason);
      return starts;
    case "closes":
      await insert(o, tx, arrived, place, { outcome: "waiting", reason: "complete", waits });
      await putGroup(tx, place, decision.group, "complete");
      return [...starts, ...(await askForGroup(o, tx, place, bound, decision.group.lead))];
    default:
      await insert(o, tx, arrived, place, { outcome: "filtered", reason: decision.reason });
      return starts;
  }
}

async function takeRated(
  o: CollectOptions,
  tx: TransactionSql,
  arrived: Arrived,
  verdict: Rated,
  rate: Rate,
): Promise<Start[]> {
  const { source, id } = arrived.trigger;
  const { dagId, bound, key } = verdict;
  const place = { dagId, rule: bound.rule.id, key: "" };
  await lockName(tx, "rate", dagId, place.rule);
  if (await isRecorded(tx, { source, id, dagId })) return [];
  const limited = await limitedBy(o, tx, place, { rate, runKey: key });
  if (limited !== undefined) {
    await insert(o, tx, arrived, place, { outcome: "rate-limited", reason: limited });
    return [];
  }
  const start = startOf(o, arrived, verdict);
  const became = { outcome: "starting", runKey: key, start: bytesOf(start) } as const;
  await insert(o, tx, arrived, place, became);
  return [start];
}

async function close(
  o: CollectOptions,
  tx: TransactionSql,
  place: Place,
  bound: BoundRule | undefined,
): Promise<Start[]> {
  if (!(await tryLockName(tx, "group", place.dagId, place.rule, place.key))) return [];
  const group = await loadGroup(tx, place);
  if (typeof group !== "object") return [];
  if (bound !== undefined) return dueNow(o, tx, place, bound, group);
  if (await hasRule(tx, place)) return [];
  const members = await loadMembers(tx, place);
  const reason = "the DAG has no such trigger any more";
  await giveUp(tx, place.dagId, members, { outcome: "filtered", reason });
  await deleteGroup(tx, place);
  o.log.info({ dag_id: place.dagId, count: members.length }, "events of a trigger that is gone");
  return [];
}

/** Deals with a group that is due. */
async function dueNow(
  o: CollectOptions,
  tx: TransactionSql,
  place: Place,
  bound: BoundRule,
  group: Group,
): Promise<Start[]> {
  const nowMs = o.now();
  if (group.dueMs === undefined || group.dueMs > nowMs) return [];
  const due = whenDue(bound.rule, group, await loadMembers(tx, place), nowMs);
  if (due.kind === "closes") return askForGroup(o, tx, place, bound, group.lead);
  const why = { outcome: "filtered", reason: due.reason } as const;
  await giveUp(tx, place.dagId, due.expired, why);
  await (due.left === undefined
    ? deleteGroup(tx, place)
    : putGroup(tx, place, due.left, due.left.reason));
  return [];
}

export function startOf(
  o: Pick<AskOptions, "now" | "sampler">,
  { trigger, parent }: ReceivedTrigger,
  { dagId, key, params }: { readonly dagId: string; readonly key: string; readonly params: Params },
): Start {
  const nowMs = o.now();
  const sampled = parent?.sampled !== false && o.sampler.take(nowMs);
  const events = [runEventOf(trigger)];
  const { source, id } = trigger;
  const start = { runKey: key, events, params, nowMs, parent, sampled };
  return triggerStart({ source, id, dagId }, start);
}

async function insert(
  o: CollectOptions,
  tx: TransactionSql,
  { trigger: { source, id, path } }: Arrived,
  { dagId, rule, key }: Place,
  became: CollectedTrigger,
): Promise<void> {
  const about = { subject: path, rule, groupKey: key, nowMs: o.now() };
  await insertTrigger(tx, { source, id, dagId }, about, became);
}

function waitsOf(
  { trigger, parent, cause, publishedMs, sequence }: Arrived,
  leaves: readonly number[],
): WaitingEvent {
  const event = runEventOf(trigger);
  const span = parent ?? cause;
  return {
    ...event,
    publishedMs,
    ...(sequence === undefined ? {} : { sequence }),
    leaves,
    bytes: Buffer.byteLength(JSON.stringify(event.event)),
    ...(span === undefined ? {} : { traceparent: formatTraceparent(span) }),
  };
}
