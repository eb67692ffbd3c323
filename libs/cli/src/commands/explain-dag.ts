// `chasqui explain <dag>`: why there is no run of it now, and what starts the next one. Asks both owners, decides purely.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { DagSpecSchema, RunCauseKind, RunState, TickOutcomeSchema } from "@chasqui/contracts";
import type { Run } from "@chasqui/contracts";
import { create } from "@bufbuild/protobuf";
import { explainDag } from "@chasqui/dag";
import type { Came, DagExplanation, DagFacts } from "@chasqui/dag";
import { printable } from "../render/style.ts";
import { formatDistance, formatInstant } from "../render/time.ts";
import { instant, wordOf } from "../run-view.ts";
import type { Server } from "../server.ts";
import { findDag } from "./find-dag.ts";

/** Runs at work that are looked at. */
const RUNS_MAX = 100;
const atWork: readonly RunState[] = [RunState.RUNNING, RunState.CANCELLING];

export interface ExplainedDag {
  readonly dagId: string;
  readonly explained: DagExplanation;
  readonly newest: Run | undefined;
}

/** Undefined when no DAG is called so. */
export async function askDag(
  server: Server,
  dagId: string,
  nowMs: number,
): Promise<ExplainedDag | undefined> {
  const dag = await findDag(server, dagId);
  if (dag === undefined) return undefined;
  const [{ schedules }, { ticks }, { triggers }, active, waiting, newest] = await Promise.all([
    server.schedules.listSchedules({ dagId: dag.dagId }),
    server.schedules.listTicks({ dagId: dag.dagId, pageSize: 1 }),
    server.schedules.listTriggers({ dagId: dag.dagId, pageSize: 1 }),
    runsOf(server, dag.dagId, atWork),
    runsOf(server, dag.dagId, [RunState.QUEUED]),
    server.runs.listRuns({ dagId: dag.dagId, pageSize: 1 }),
  ]);
  const [schedule] = schedules;
  const lastTick = came(ticks[0]?.dueTime, {
    outcome: ticks[0] === undefined ? "" : wordOf(TickOutcomeSchema, ticks[0].outcome),
    reason: ticks[0]?.reason ?? "",
  });
  const lastTrigger = came(triggers[0]?.receivedTime, {
    outcome: triggers[0]?.outcome ?? "",
    reason: triggers[0]?.reason ?? "",
  });
  const facts: DagFacts = {
    ...{ nowMs, spec: dag.spec ?? create(DagSpecSchema, { id: dag.dagId }) },
    ...{ retired: dag.retired, paused: dag.paused },
    ...{ pausedBy: dag.pausedBy, pauseReason: dag.pauseReason },
    active: active.filter(holdsSlot).map(({ runId }) => runId),
    waitingCount: waiting.length,
    ...(schedule === undefined ? {} : { schedule: { nextMs: msOf(schedule.nextTime) } }),
    ...(lastTick === undefined ? {} : { lastTick }),
    ...(lastTrigger === undefined ? {} : { lastTrigger }),
  };
  return { dagId: dag.dagId, explained: explainDag(facts), newest: newest.runs[0] };
}

const runsOf = async (server: Server, dagId: string, states: readonly RunState[]): Promise<Run[]> =>
  (await server.runs.listRuns({ dagId, states: [...states], pageSize: RUNS_MAX })).runs;

/** A backfill's runs are beside the others. */
const holdsSlot = ({ cause }: Run): boolean => cause?.kind !== RunCauseKind.BACKFILL;

const msOf = (at: Timestamp | undefined): number | undefined =>
  at === undefined ? undefined : timestampMs(at);

const came = (at: Timestamp | undefined, what: Omit<Came, "atMs">): Came | undefined =>
  at === undefined ? undefined : { atMs: timestampMs(at), ...what };

export function viewDag({ dagId, explained }: ExplainedDag): object {
  const { state, causes, nextMs } = explained;
  return {
    ...{ dag_id: dagId, state },
    ...(nextMs === undefined ? {} : { next_time: instant(nextMs) }),
    causes: causes.map(({ kind, text, runIds }) => ({
      ...{ kind, text },
      ...(runIds === undefined ? {} : { run_ids: runIds }),
    })),
  };
}

export function dagLines({ dagId, explained }: ExplainedDag, nowMs: number): string[] {
  const { state, causes, nextMs } = explained;
  return [
    `${dagId} is ${state}`,
    ...(nextMs === undefined
      ? []
      : [`  the next run begins ${formatInstant(nextMs)} (${formatDistance(nextMs, nowMs)})`]),
    ...causes.map(({ text }) => `  ${printable(text)}`),
  ];
}
