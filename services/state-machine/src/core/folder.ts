// A change of a whole folder of DAGs, decided: versions that become current, DAGs that retire. Pure.
// Invariants:
//   F1. All of its DAGs change, or none: one that cannot refuses the whole.
//   F2. What was decided once decides nothing the second time, whatever was applied since.
import { decideDag } from "@chasqui/machine";
import type { DagDecision, DagEffect, DagMessage } from "@chasqui/machine";
import type { Aggregates, CachedDag } from "./aggregates.ts";
import type { DagChange } from "./batch.ts";
import { versionKey } from "./create-run.ts";
import { DECIDED } from "./decided.ts";
import type { Body, FolderChange, Inbound } from "./inbound.ts";

export type FolderDecision =
  | {
      readonly kind: "moved" | "nothing";
      readonly dags: Map<string, DagChange>;
      readonly effects: readonly DagEffect[];
    }
  | { readonly kind: "rejected"; readonly why: string };

export function decideFolder(
  all: Aggregates,
  inbound: Inbound,
  { changes }: Extract<Body, { to: "folder" }>,
  nowMs: number,
): FolderDecision {
  const ready: { dag: CachedDag; change: FolderChange; message: DagMessage }[] = [];
  for (const change of changes) {
    const why = refusalOf(all, change);
    if (why !== undefined) return { kind: "rejected", why };
    const dag = all.dags.get(change.dagId);
    const message = messageOf(all, change);
    if (dag !== undefined && message !== undefined) ready.push({ dag, change, message });
  }
  const dags = new Map<string, DagChange>();
  const effects: DagEffect[] = [];
  let moved = false;
  for (const { dag, change, message } of ready) {
    const decision: DagDecision = all.decided.has(inbound.id)
      ? { kind: "nothing", why: DECIDED }
      : decideDag(dag.state, message, dag.waiting);
    if (decision.kind === "rejected") throw new Error(decision.why); // refusalOf has seen it
    if (decision.kind === "moved") {
      moved = true;
      effects.push(...decision.effects);
      dags.set(change.dagId, { dag, atMs: nowMs, events: eventsOf(decision, inbound) });
      if (change.fingerprint !== undefined)
        dag.plan = all.versions.get(versionKey(change.dagId, change.fingerprint))?.plan;
    } else if (inbound.redelivered) {
      // Nobody knows whether its event and admissions were said: they are said again.
      dags.set(change.dagId, { dag, atMs: nowMs, events: [], again: true });
      for (const runId of dag.state.active) effects.push({ kind: "admit", runId });
    }
  }
  return { kind: moved ? "moved" : "nothing", dags, effects };
}

function refusalOf(all: Aggregates, change: FolderChange): string | undefined {
  const { dagId } = change;
  const dag = all.dags.get(dagId);
  if (dag === undefined) return `no DAG is called ${dagId}`;
  if (change.fingerprint === undefined)
    return dag.state.number === 0 ? `no DAG is called ${dagId}` : undefined;
  return messageOf(all, change) === undefined
    ? `DAG ${dagId}: the version to apply was never stored`
    : undefined;
}

/** What a change of the folder says to its DAG; undefined when its version was never stored. */
export function messageOf(
  all: Pick<Aggregates, "versions">,
  { dagId, fingerprint }: FolderChange,
): DagMessage | undefined {
  if (fingerprint === undefined) return { kind: "retire" };
  const version = all.versions.get(versionKey(dagId, fingerprint));
  return version && { kind: "apply", version: version.facts };
}

function eventsOf(
  { events }: Extract<DagDecision, { kind: "moved" }>,
  { id: cause, by, note, commitId = "" }: Inbound,
): DagChange["events"] {
  return events.map((event) => ({ event, cause, by, note, commitId }));
}
