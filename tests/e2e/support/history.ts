// The rows that people query are the fold of the history, for every run that there is.
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import postgres from "postgres";
import { expect } from "vitest";
import { readEnvironmentFile } from "../../../libs/chassis/src/index.ts";
import { fold, snapshotOf } from "../../../libs/machine/src/index.ts";
import type { World } from "../../../libs/sandbox/src/index.ts";
import { recordedOf } from "../../../services/state-machine/src/grpc/history.ts";
import { loadRuns } from "../../../services/state-machine/src/store/load.ts";
import { openVersions } from "../../../services/state-machine/src/store/versions.ts";

interface EventRow {
  readonly runId: string;
  readonly version: number;
  readonly format: number;
  readonly events: string;
}

export async function expectRowsEqualHistory(world: World): Promise<void> {
  const file = await readEnvironmentFile(path.resolve(world.addresses.environmentFile));
  const sql = postgres(world.addresses.postgresUrl("chasqui"), { max: 1 });
  try {
    const versions = openVersions(sql, structuredClone(file.vars) as JsonObject);
    const ids = await sql<{ run_id: string }[]>`select run_id from state_machine.run`;
    const { runs } = await loadRuns(
      sql,
      versions,
      ids.map((row) => row.run_id),
    );
    expect(runs).toHaveLength(ids.length);
    for (const { meta, state } of runs) {
      const rows = await sql<EventRow[]>`
        select run_id as "runId", version, format, events from state_machine.run_event
        where run_id = ${meta.runId} order by version`;
      const { plan, facts, params, event } = state;
      const folded = fold({ plan, facts, params, event }, recordedOf([...rows]));
      expect(snapshotOf(folded), meta.runId).toEqual(snapshotOf(state));
    }
  } finally {
    await sql.end();
  }
}
