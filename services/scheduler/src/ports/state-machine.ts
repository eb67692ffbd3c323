// The state machine's gRPC as the scheduler sees it: which DAGs there are, and whether a run exists.
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { createGrpcClient, RpcCode, RpcError } from "@chasqui/chassis";
import type { Part } from "@chasqui/chassis";
import { DagService, RunService, RunState } from "@chasqui/contracts";
import type { Dag, Run } from "@chasqui/contracts";

export type RunEnd = "succeeded" | "failed" | "cancelled";

const ends: Readonly<Record<number, RunEnd>> = {
  [RunState.SUCCEEDED]: "succeeded",
  [RunState.FAILED]: "failed",
  [RunState.CANCELLED]: "cancelled",
};
export const endOf = (state: RunState): RunEnd | undefined => ends[state];

export interface FoundRun {
  readonly runId: string;
  /** Who asked for it first. */
  readonly by: string;
  /** It waits for its turn. */
  readonly isQueued: boolean;
  readonly isSettled: boolean;
  readonly isCancelling: boolean;
  /** How it ended; undefined while it has not. */
  readonly end: RunEnd | undefined;
  readonly logicalMs: number;
}

export interface StateMachine extends Part {
  /** What starts runs of every DAG, page by page: ten thousand specifications at once are a third of a gigabyte. */
  listDags(signal?: AbortSignal): AsyncIterable<readonly Dag[]>;
  /** Undefined when there is no such DAG; throws when nobody answers. */
  getDag(
    dagId: string,
    options?: { readonly version?: number; readonly signal?: AbortSignal },
  ): Promise<Dag | undefined>;
  /** Undefined when there is no such run; throws when nobody answers. */
  findRun(runId: string, signal?: AbortSignal): Promise<FoundRun | undefined>;
  /** Asks a run to end, in the name of a person. */
  cancelRun(
    runId: string,
    o: { readonly by: string; readonly reason: string; readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Runs settled since a moment, oldest first, page by page. */
  listSettled(sinceMs: number, signal?: AbortSignal): AsyncIterable<readonly Run[]>;
}

const PAGE_DAGS = 200;
const LIST_TIMEOUT_MS = 10_000;
const FIND_TIMEOUT_MS = 3_000;
const CANCEL_TIMEOUT_MS = 10_000;

export function openStateMachine(address: string): StateMachine {
  const defaults = { principal: "service:scheduler" };
  const dags = createGrpcClient(DagService, address, defaults);
  const runs = createGrpcClient(RunService, address, defaults);
  return {
    name: "state machine client",
    async *listDags(signal) {
      for (let pageToken = ""; ;) {
        const request = { pageSize: PAGE_DAGS, pageToken, startsOnly: true };
        const page = await dags.listDags(request, { signal, timeoutMs: LIST_TIMEOUT_MS });
        yield page.dags;
        if (page.nextPageToken === "") return;
        pageToken = page.nextPageToken;
      }
    },
    async getDag(dagId, { version = 0, signal } = {}) {
      const options = { signal, timeoutMs: FIND_TIMEOUT_MS };
      return (await orUndefined(dags.getDag({ dagId, version }, options)))?.dag;
    },
    async findRun(runId, signal) {
      const options = { signal, timeoutMs: FIND_TIMEOUT_MS };
      const run = (await orUndefined(runs.getRun({ runId }, options)))?.run;
      return (
        run && {
          runId: run.runId,
          by: run.cause?.by ?? "",
          logicalMs: run.logicalTime === undefined ? 0 : timestampMs(run.logicalTime),
          isQueued: run.state === RunState.QUEUED,
          isSettled: run.settledTime !== undefined,
          isCancelling: run.state === RunState.CANCELLING,
          end: run.settledTime === undefined ? undefined : endOf(run.state),
        }
      );
    },
    async cancelRun(runId, { by, reason, signal }) {
      const options = { signal, timeoutMs: CANCEL_TIMEOUT_MS, principal: by };
      await runs.cancelRun({ runId, reason }, options);
    },
    async *listSettled(sinceMs, signal) {
      const sinceTime = timestampFromMs(sinceMs);
      for (let pageToken = ""; ;) {
        const options = { signal, timeoutMs: LIST_TIMEOUT_MS };
        const page = await runs.listSettled({ sinceTime, pageToken }, options);
        yield page.runs;
        if (page.nextPageToken === "") return;
        pageToken = page.nextPageToken;
      }
    },
    stop() {
      dags.close();
      runs.close();
      return Promise.resolve();
    },
  };
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RpcError && error.code === RpcCode.NOT_FOUND) return undefined;
    throw error;
  }
}
