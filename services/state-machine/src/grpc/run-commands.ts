// Starting a run by hand: an INBOX message, answered after its commit, audited.
import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { CallContext, Handlers } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, newSpanId } from "@chasqui/chassis";
import type { RunService } from "@chasqui/contracts";
import { RunCauseKind, runIdOf } from "@chasqui/contracts";
import { resolveParams } from "@chasqui/dag";
import type { Pinned } from "../core/inbound.ts";
import { inboxMessage } from "../say/messages.ts";
import * as reads from "../store/reads.ts";
import { accepted } from "./commands.ts";
import type { RunServiceOptions, ViewOf } from "./run-service.ts";

export function runCommands(
  { db, ask, clock, versions }: RunServiceOptions,
  viewOf: ViewOf,
): Pick<Handlers<typeof RunService>, "startRun"> {
  const audit = (context: CallContext, action: string, resource: string, detail: unknown = {}) =>
    reads.writeAudit(db, {
      principal: context.principal,
      action,
      resource,
      reason: context.reason ?? "",
      detail,
    });

  /** The version that is asked for by its number. */
  async function pinnedTo(dagId: string, number: number): Promise<Pinned | undefined> {
    if (number === 0) return undefined;
    const row = await reads.versionOf(db, dagId, number);
    if (row !== undefined) return { fingerprint: row.fingerprint, number };
    const dag = await reads.dagById(db, dagId);
    const known = dag === undefined ? "there is no such DAG" : `the current one is ${dag.number}`;
    throw new RpcError(RpcCode.NOT_FOUND, `DAG ${dagId} has no version ${number}: ${known}`);
  }

  /** A DAG that is not there is the machine's to refuse. */
  async function checkedParams(
    dagId: string,
    given: JsonObject,
    pinned: Pinned | undefined,
  ): Promise<JsonObject> {
    const { fingerprint } = pinned ?? (await reads.dagById(db, dagId)) ?? {};
    const version = fingerprint && (await versions.get(dagId, fingerprint));
    if (version === undefined || version === "") return given;
    const resolved = resolveParams(version.spec.params, given);
    if (resolved.ok) return resolved.value;
    throw new RpcError(RpcCode.INVALID_ARGUMENT, `DAG ${dagId}: ${resolved.message}`);
  }

  return {
    async startRun(request, context) {
      authorize(context.principal, "start", `dag/${request.dagId}`);
      const { dagId } = request;
      const pinned = await pinnedTo(dagId, request.version);
      const params = await checkedParams(dagId, request.params ?? {}, pinned);
      const key = request.key !== "" ? request.key : `manual-${request.requestId || randomUUID()}`;
      const runId = runIdOf(dagId, key);
      const value = {
        dagId,
        key,
        logicalMs: request.logicalTime === undefined ? clock() : timestampMs(request.logicalTime),
        causeKind: RunCauseKind.MANUAL,
        by: context.principal,
        paramsJson: JSON.stringify(params),
        traceparent: context.traceparent ?? "",
        requestedMs: clock(),
        ...(pinned === undefined ? {} : { pinned }),
      };
      const id = `manual:${runId}:${newSpanId()}`; // the key makes it one run, however often it is asked
      const say = (replyTo: string) =>
        inboxMessage("dag", dagId, id, { case: "startRun", value }, { replyTo });
      const verdict = accepted(await ask(say, context.signal));
      await audit(context, "start", `run/${runId}`, {
        created: verdict.changed,
        ...(pinned === undefined ? {} : { version: pinned.number }),
      });
      return { run: await viewOf(runId), created: verdict.changed };
    },
  };
}
