// The run of events that were collected, and whether a rate allows it. Inside of the transaction that holds the lock.
import { create, toBinary } from "@bufbuild/protobuf";
import { parseTraceparent } from "@chasqui/chassis";
import type { Telemetry } from "@chasqui/chassis";
import { StartRunSchema } from "@chasqui/contracts";
import type { TransactionSql } from "postgres";
import { RUN_EVENTS_BYTES_MAX } from "./core/groups.ts";
import type { Identity } from "./core/groups.ts";
import { admit } from "./core/rate.ts";
import type { Rate } from "./core/rules.ts";
import { identityKey } from "./core/triggers.ts";
import type { BoundRule, Json } from "./core/triggers.ts";
import type { Sampler } from "./sampling.ts";
import { writeSpans } from "./spans.ts";
import { triggerStart } from "./starts.ts";
import type { Start } from "./starts.ts";
import { askTogether, closeKeyed, deleteGroup, giveUp, loadMembers } from "./store/groups.ts";
import type { Place, WaitingMember } from "./store/groups.ts";
import { lockName } from "./store/locks.ts";
import { loadAdmitted, putAdmitted } from "./store/rates.ts";

export interface AskOptions {
  readonly sampler: Sampler;
  readonly telemetry: Telemetry;
  readonly now: () => number;
}

/** The group's first event asks for the run, the others go with it. Nothing when the run may not be. */
export async function askForGroup(
  o: AskOptions,
  tx: TransactionSql,
  place: Place,
  bound: BoundRule,
  first: Identity,
): Promise<Start[]> {
  const { key, rate } = bound.rule;
  const members = await loadMembers(tx, place);
  const runKey = key === "" ? identityKey(first) : place.key;
  const params = paramsOf(bound, members);
  const limited = params.ok && rate && (await limitedBy(o, tx, place, { rate, runKey }));
  if (!params.ok || typeof limited === "string") {
    const why = params.ok
      ? { outcome: "rate-limited" as const, reason: String(limited) }
      : { outcome: "rejected" as const, reason: params.reason };
    await giveUp(tx, place.dagId, members, why);
    await deleteGroup(tx, place);
    return [];
  }
  const nowMs = o.now();
  const lead = { ...first, dagId: place.dagId };
  const start = triggerStart(lead, {
    runKey,
    events: members.map(({ waits }) => waits),
    params: params.value,
    nowMs,
    parent: undefined,
    sampled: o.sampler.take(nowMs),
  });
  await askTogether(tx, lead, members, { runKey, start: bytesOf(start), nowMs });
  await (key === "" ? deleteGroup(tx, place) : closeKeyed(tx, place, nowMs));
  const causes = members.flatMap(({ waits }) => parseTraceparent(waits.traceparent) ?? []);
  const times = { startMs: nowMs, endMs: o.now() };
  writeSpans(o.telemetry, [start], {
    destination: "chasqui.trigger",
    parent: undefined,
    causes,
    ...times,
  });
  return [start];
}

function paramsOf(bound: BoundRule, members: readonly WaitingMember[]) {
  const bytes = members.reduce((sum, member) => sum + member.bytes, 0);
  if (bytes > RUN_EVENTS_BYTES_MAX)
    return {
      ok: false as const,
      reason: `its ${members.length} events have ${bytes} bytes: want at most ${RUN_EVENTS_BYTES_MAX}`,
    };
  const params = bound.params(members.map(({ waits }) => waits));
  return params.ok ? params : { ok: false as const, reason: `params: ${params.reason}` };
}

/** Why not, when the rate allows no more; else the run is counted. */
export async function limitedBy(
  o: Pick<AskOptions, "now">,
  tx: TransactionSql,
  place: Pick<Place, "dagId" | "rule">,
  { rate, runKey }: { readonly rate: Rate; readonly runKey: string },
): Promise<string | undefined> {
  await lockName(tx, "rate", place.dagId, place.rule);
  const before = await loadAdmitted(tx, place.dagId, place.rule);
  const admission = admit(rate, before, runKey, o.now());
  if (admission.kind === "limited") return admission.reason;
  await putAdmitted(tx, place, admission.list);
  return undefined;
}

export const bytesOf = ({ startRun }: Start): Uint8Array =>
  toBinary(StartRunSchema, create(StartRunSchema, startRun));

export type Params = { readonly [name: string]: Json };
