// A run that does an earlier one again: the same instant, parameters and event under a key of its own. The earlier one
// stays as it is. Keys count: the reruns of `2026-10-06` are `2026-10-06~1`, `2026-10-06~2`.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RpcCode, RpcError, newSpanId } from "@chasqui/chassis";
import type { RunSchema } from "@chasqui/contracts";
import { RunCauseKind, RunState, runIdOf } from "@chasqui/contracts";
import { resolveParams } from "@chasqui/dag";
import { isObject } from "../say/events.ts";
import { inboxMessage } from "../say/messages.ts";
import * as reads from "../store/reads.ts";
import { accepted } from "./commands.ts";
import type { Asking } from "./run-operations.ts";
import type { RunServiceOptions } from "./run-service.ts";

export interface Rerun {
  readonly of: reads.RunRecord;
  readonly key: string;
  readonly runId: string;
  readonly fingerprint: string;
  readonly number: number;
  readonly params: JsonObject;
}

/** Two people who ask at once mean the same rerun: both find the same free key, and one run is made. */
export async function rerunOf(
  of: reads.RunRecord,
  newest: boolean,
  { db, versions }: Pick<RunServiceOptions, "db" | "versions">,
): Promise<Rerun> {
  const { dagId } = of;
  const dag = newest ? await reads.dagById(db, dagId) : undefined;
  const { fingerprint, number } = dag ?? { fingerprint: of.fingerprint, number: of.dagNumber };
  const version = await versions.get(dagId, fingerprint);
  if (version === undefined)
    throw new RpcError(RpcCode.DATA_LOSS, `run ${of.runId}: version ${number} of ${dagId} is gone`);
  const given = isObject(of.params) ? (of.params as JsonObject) : {};
  const params = newest
    ? resolveParams(version.spec.params, given)
    : { ok: true as const, value: given };
  if (!params.ok)
    throw new RpcError(
      RpcCode.FAILED_PRECONDITION,
      `version ${number} of ${dagId} does not take the parameters of run ${of.runId}: ${params.message}`,
    );
  const base = of.rerunOf === null ? of.key : of.key.replace(/~\d+$/, "");
  const taken = await reads.keysBeginning(db, dagId, `${base}~`);
  let n = 1;
  while (taken.has(`${base}~${n}`)) n += 1;
  const key = `${base}~${n}`;
  return { of, key, runId: runIdOf(dagId, key), fingerprint, number, params: params.value };
}

export async function startRerun(
  { of, key, runId, fingerprint, number, params }: Rerun,
  { by, signal, traceparent }: Asking,
  { ask, clock }: Pick<RunServiceOptions, "ask" | "clock">,
): Promise<void> {
  const { dagId } = of;
  const value = {
    dagId,
    key,
    logicalMs: of.logicalAt.getTime(),
    causeKind: RunCauseKind.MANUAL,
    by,
    paramsJson: JSON.stringify(params),
    eventJson: of.event === null ? "" : JSON.stringify(of.event),
    traceparent: traceparent ?? "",
    requestedMs: clock(),
    pinned: { fingerprint, number },
    rerunOf: of.runId,
  };
  const id = `rerun:${runId}:${newSpanId()}`; // the key makes it one run, however often it is asked
  const say = (replyTo: string) =>
    inboxMessage("dag", dagId, id, { case: "startRun", value }, { replyTo });
  accepted(await ask(say, signal));
}

/** The run as it would be. */
export const viewOfRerun = (
  { of, key, runId, number, params }: Rerun,
  by: string,
): MessageInitShape<typeof RunSchema> => ({
  runId,
  dagId: of.dagId,
  dagVersion: number,
  state: RunState.QUEUED,
  key,
  cause: { kind: RunCauseKind.MANUAL, by },
  logicalTime: timestampFromMs(of.logicalAt.getTime()),
  params,
  rerunOf: of.runId,
});
