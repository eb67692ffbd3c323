// What pausing or resuming a DAG would change: decided by the same machine on a copy, with nothing written.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PauseChangesSchema } from "@chasqui/contracts";
import { decideDag, waitingWanted } from "@chasqui/machine";
import type { Sql } from "postgres";
import { loadDags, loadWaiting } from "../store/load.ts";
import type { Versions } from "../store/versions.ts";

/** Queued runs that are counted; more than that is "so many at least". */
const WAITING_MAX = 10_000;

export async function previewPause(
  { sql, versions }: { readonly sql: Sql; readonly versions: Versions },
  dagId: string,
  paused: boolean,
): Promise<MessageInitShape<typeof PauseChangesSchema>> {
  const [dag] = await loadDags(sql, versions, [dagId]);
  if (dag === undefined) return {};
  const active = dag.state.active.length;
  const waiting = (await loadWaiting(sql, dag, WAITING_MAX)).length;
  const message = { kind: "set_paused" as const, paused, by: "", reason: "" };
  const first = await loadWaiting(sql, dag, waitingWanted(dag.state, message));
  const decision = decideDag(dag.state, message, first);
  const effects = decision.kind === "moved" ? decision.effects : [];
  return {
    ...{ changed: decision.kind === "moved", activeRuns: active, waitingRuns: waiting },
    startedRunIds: effects.flatMap(({ kind, ...effect }) =>
      kind === "admit" && "runId" in effect ? [effect.runId] : [],
    ),
  };
}
