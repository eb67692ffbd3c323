// One change of a whole folder: read afresh, decided, committed as a whole, and then said. Rare, so it takes its own way
// and the hot path knows nothing of it but where it turns off.
import { isDataError } from "@chasqui/chassis";
import type { Batch, DagChange, Outcome, Said } from "./core/batch.ts";
import { decideFolder } from "./core/folder.ts";
import type { FolderDecision } from "./core/folder.ts";
import type { Body } from "./core/inbound.ts";
import type { EngineOptions, Work } from "./handle.ts";
import type { Spoken } from "./speaker.ts";
import { commitFolder } from "./store/commit-folder.ts";

type Folder = Extract<Body, { to: "folder" }>;

export const isFolder = ({ inbound }: Work): boolean => inbound.body.to === "folder";

/** What came together is decided together, in its order; a change of a folder by itself. */
export function groupsOf(works: readonly Work[]): Work[][] {
  if (!works.some(isFolder)) return [[...works]];
  const groups: Work[][] = [];
  for (const work of works) {
    const last = groups.at(-1);
    if (last === undefined || isFolder(work) || last.some(isFolder)) groups.push([work]);
    else last.push(work);
  }
  return groups;
}

/** Returns the message if it must be decided again. */
export async function changeFolder(
  work: Work,
  spoken: Spoken[],
  options: EngineOptions,
): Promise<Work[]> {
  const { inbound } = work;
  if (inbound.body.to !== "folder") throw new TypeError("a change of a folder was expected");
  const { cache, sql } = options;
  forget(inbound.body, options);
  await cache.load([inbound]);
  const { dags } = cache.aggregates;
  const read = new Map(
    inbound.body.changes.flatMap(({ dagId }) => {
      const dag = dags.get(dagId);
      return dag === undefined ? [] : [[dagId, dag.version] as const];
    }),
  );
  const nowMs = options.clock();
  try {
    const decision = decideFolder(cache.aggregates, inbound, inbound.body, nowMs);
    const changes = changesOf(decision);
    const isCommitted = await commitFolder(sql, read, changes);
    if (!isCommitted || decision.kind === "rejected") forget(inbound.body, options);
    if (!isCommitted) return [work];
    for (const { dag } of changes.values()) dag.version += 1;
    const { said, batch } = saidOf(decision);
    const dead = decision.kind === "rejected" ? decision.why : undefined;
    spoken.push({ ...work, said, changes: batch, dead, nowMs });
    return [];
  } catch (thrown) {
    forget(inbound.body, options);
    if (!isDataError(thrown)) throw thrown;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const { said, batch } = saidOf({ kind: "rejected", why });
    spoken.push({ ...work, said, changes: batch, dead: why, nowMs });
    return [];
  } finally {
    cache.endRound();
  }
}

function forget({ changes }: Folder, { cache }: EngineOptions): void {
  for (const { dagId } of changes) cache.dropDag(dagId);
}

/** What is to be written: not what is only said again. */
function changesOf(decision: FolderDecision): Map<string, DagChange> {
  if (decision.kind === "rejected") return new Map();
  return new Map([...decision.dags].filter(([, { again }]) => again !== true));
}

function saidOf(decision: FolderDecision): { said: Said; batch: Batch } {
  const none = { runEffects: [], poolEffects: [], runId: "" };
  const outcome = outcomeOf(decision);
  const said: Said =
    decision.kind === "rejected"
      ? { ...none, outcome, dagEffects: [] }
      : {
          ...{ ...none, outcome, dagEffects: decision.effects },
          changedDags: [...changesOf(decision).keys()],
        };
  const dags = decision.kind === "rejected" ? new Map<string, DagChange>() : decision.dags;
  return {
    said,
    batch: { runs: new Map(), dags, pools: new Map(), regranted: new Set(), said: [said] },
  };
}

function outcomeOf(decision: FolderDecision): Outcome {
  const aggregate = "folder";
  if (decision.kind === "rejected") return { kind: "rejected", aggregate, why: decision.why };
  if (decision.kind === "moved") return { kind: "moved", aggregate };
  return { kind: "nothing", aggregate, why: "every DAG is so already" };
}
