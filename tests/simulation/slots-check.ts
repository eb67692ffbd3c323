// What must hold of the slots of a DAG: never more runs at work than it allows, whoever is at work holds one, and at the
// end nobody does.
import type { Inbound } from "../../services/state-machine/src/core/inbound.ts";
import type { ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";

/** Runs that a person reopened apart. */
export function tooManyActive(database: ModelDatabase): string | undefined {
  const { runs, dags } = database;
  for (const [dagId, { dag }] of dags) {
    const active = [...runs].filter(
      ([id, { meta, history }]) =>
        meta.dagId === dagId &&
        database.state(id)?.status === "running" &&
        !history.some(({ event }) => event.type === "run_reopened"),
    );
    if (active.length > dag.facts.maxActiveRuns)
      return `D1 ${active.length} active runs of ${dagId}`;
  }
  return undefined;
}

/**
 * D2: whoever is at work holds its slot, whatever is heard late of its earlier ends. One that was reopened may begin
 * by an old admission while its request for a slot is on its way, or what reopened it still to be said again; where
 * that may be lost, nothing can be said.
 */
export function slotless(database: ModelDatabase, { inbox }: ModelBus): string | undefined {
  const asked = new Set(
    inbox.says().flatMap(({ id, body }: Inbound) => {
      if (body.to === "run") return isReopenedBy(database, body.runId, id) ? [body.runId] : [];
      return body.to === "dag" && body.kind === "other" && body.message.kind === "reopened"
        ? [body.message.runId]
        : [];
    }),
  );
  for (const [runId, { meta }] of database.runs) {
    if (database.state(runId)?.status !== "running" || asked.has(runId)) continue;
    if (!(database.loadDag(meta.dagId)?.state.active.includes(runId) ?? false))
      return `D2 run ${runId} is at work and holds no slot`;
  }
  return undefined;
}

function isReopenedBy(database: ModelDatabase, runId: string, messageId: string): boolean {
  const history = database.runs.get(runId)?.history ?? [];
  return history.some(({ event, cause }) => event.type === "run_reopened" && cause === messageId);
}

/** L4: nobody is at work, so nobody holds a slot of his DAG. */
export function slotKept(database: ModelDatabase): string | undefined {
  for (const [runId, { meta }] of database.runs)
    if (database.loadDag(meta.dagId)?.state.active.includes(runId) === true)
      return `L4 run ${runId} is settled and holds a slot`;
  return undefined;
}
