// chasqui.event.dag-applied: a DAG has a new current version, or was paused or resumed. dag-auto-paused: it paused itself.
import { create, toBinary } from "@bufbuild/protobuf";
import type { DescMessage } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { OutMessage } from "@chasqui/bus";
import { DagAppliedSchema, DagAutoPausedSchema, subjects } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import type { TellPaused } from "@chasqui/machine";
import type { DagChange } from "../core/batch.ts";
import type { Versions } from "../store/versions.ts";

/** What starts runs of it: of a retired DAG nothing does. */
export const effectiveSpec = (spec: DagSpec, isRetired: boolean): DagSpec => {
  if (!isRetired) return spec;
  const { schedule: _, ...rest } = spec;
  return { ...rest, triggers: [] };
};

export async function dagApplied(
  change: DagChange,
  versions: Pick<Versions, "get">,
): Promise<OutMessage[]> {
  const { dag, events, atMs, again } = change;
  const { state } = dag;
  const tells = ["version_applied", "paused_set", "retired"];
  if (again !== true && !events.some(({ event }) => tells.includes(event.type))) return [];
  const stored = (await versions.get(state.dagId, state.fingerprint))?.spec;
  if (stored === undefined) return [];
  const spec = effectiveSpec(stored, state.retired);
  const body = create(DagAppliedSchema, {
    dag: {
      dagId: state.dagId,
      version: state.number,
      fingerprint: state.fingerprint,
      paused: state.paused,
      pausedBy: state.pausedBy,
      pauseReason: state.pauseReason,
      retired: state.retired,
      spec,
      appliedTime: timestampFromMs(atMs),
    },
  });
  return [
    {
      subject: subjects.event("dag-applied", state.dagId, `v${state.number}`),
      data: toBinary(DagAppliedSchema, body),
      ...named(`${state.dagId}:${dag.version}:dag-applied`, DagAppliedSchema, state.dagId, atMs),
    },
  ];
}

/** Its id is the run's, so that saying it again is saying it once. */
export function dagAutoPaused(
  { dagId, runId, number, reason, failing }: TellPaused,
  environment: string,
): OutMessage {
  const runIds = [...failing];
  const body = { dagId, dagVersion: number, environment, reason, runIds };
  return {
    subject: subjects.event("dag-auto-paused", dagId, runId),
    data: toBinary(DagAutoPausedSchema, create(DagAutoPausedSchema, body)),
    ...named(`${dagId}:${runId}:dag-auto-paused`, DagAutoPausedSchema, dagId),
  };
}

function named(
  id: string,
  schema: DescMessage,
  dagId: string,
  atMs?: number,
): Pick<OutMessage, "id" | "headers"> {
  return {
    id,
    headers: {
      "ce-specversion": "1.0",
      "ce-id": id,
      "ce-type": schema.typeName,
      "ce-source": "chasqui/state-machine",
      "ce-subject": dagId,
      ...(atMs === undefined ? {} : { "ce-time": new Date(atMs).toISOString() }),
      "ce-datacontenttype": "application/protobuf",
    },
  };
}
