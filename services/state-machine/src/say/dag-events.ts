// chasqui.event.dag-applied: a DAG has a new current version, or was paused or resumed.
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { OutMessage } from "@chasqui/bus";
import { DagAppliedSchema, subjects } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import type { DagChange } from "../core/batch.ts";
import type { Versions } from "../store/versions.ts";

/** What starts runs of it: of a retired DAG nothing does. */
export const effectiveSpec = (spec: DagSpec, isRetired: boolean): DagSpec => {
  if (!isRetired) return spec;
  const { schedule: _, ...rest } = spec;
  return { ...rest, triggers: [] };
};

export function dagApplied({ dag, events, atMs }: DagChange, versions: Versions): OutMessage[] {
  const { state } = dag;
  const tells = ["version_applied", "paused_set", "retired"];
  if (!events.some(({ event }) => tells.includes(event.type))) return [];
  const stored = versions.cached(state.dagId, state.fingerprint)?.spec;
  if (stored === undefined) return [];
  const spec = effectiveSpec(stored, state.retired);
  const id = `${state.dagId}:${dag.version}:dag-applied`;
  const body = create(DagAppliedSchema, {
    dag: {
      dagId: state.dagId,
      version: state.number,
      fingerprint: state.fingerprint,
      paused: state.paused,
      retired: state.retired,
      spec,
      appliedTime: timestampFromMs(atMs),
    },
  });
  return [
    {
      subject: subjects.event("dag-applied", state.dagId, `v${state.number}`),
      data: toBinary(DagAppliedSchema, body),
      id,
      headers: {
        "ce-specversion": "1.0",
        "ce-id": id,
        "ce-type": DagAppliedSchema.typeName,
        "ce-source": "chasqui/state-machine",
        "ce-subject": state.dagId,
        "ce-time": new Date(atMs).toISOString(),
        "ce-datacontenttype": "application/protobuf",
      },
    },
  ];
}
