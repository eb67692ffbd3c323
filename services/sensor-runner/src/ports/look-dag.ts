// Asks the state machine for another DAG's run.
// Invariant: that there is no run is told apart from that nobody answers, and from a DAG that is not there at all.
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { RpcCode, RpcError } from "@chasqui/chassis";
import type { GrpcClient } from "@chasqui/chassis";
import { RunState, TaskState } from "@chasqui/contracts";
import type { DagService, Run, RunService, Task } from "@chasqui/contracts";
import { judgeRun, noRun } from "../core/kinds/dag.ts";
import type { DagConfig, FoundRun, FoundTask, StateWord } from "../core/kinds/dag.ts";
import type { Json } from "../core/wait.ts";
import { CannotAsk } from "../kinds/kind.ts";
import type { Looker } from "../kinds/kind.ts";

const ASK_MS = 5_000;

export interface StateMachine {
  readonly runs: Pick<GrpcClient<typeof RunService>, "getRun" | "listRuns">;
  readonly dags: Pick<GrpcClient<typeof DagService>, "getDag">;
}

export function dagLooker({ runs, dags }: StateMachine): Looker<DagConfig> {
  const listed = async (
    dagId: string,
    logical: object,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<Run | undefined> => {
    const answer = await runs.listRuns({ dagId, pageSize: 1, ...logical }, options);
    return answer.runs[0];
  };
  return {
    async look(config, { signal }) {
      const options = { signal, timeoutMs: ASK_MS };
      const { dag, task, which } = config;
      const run =
        which.by === "key"
          ? await orNone(runs.getRun({ runId: `${dag}/${which.key}`, taskIds: ["-"] }, options))
          : await listed(
              dag,
              {
                logicalFromTime: timestampFromMs(which.fromMs),
                logicalUntilTime: timestampFromMs(which.untilMs),
              },
              options,
            );
      if (run === undefined) {
        const newest = await listed(dag, {}, options);
        if (newest === undefined && (await isUnknown(dags.getDag({ dagId: dag }, options))))
          throw new CannotAsk(`no DAG ${dag}: want one that is applied`, { evidence: { dag } });
        return noRun(config, newest === undefined ? undefined : runOf(newest));
      }
      if (task === undefined) return judgeRun(config, runOf(run), undefined);
      const { run: whole } = await runs.getRun({ runId: run.runId, taskIds: [task] }, options);
      const summary = whole?.tasks.find(
        ({ taskId, mapIndex }) => taskId === task && mapIndex === -1,
      );
      return judgeRun(config, runOf(whole ?? run), summary && taskOf(summary));
    },
    close: async () => {},
  };
}

async function orNone(asked: Promise<{ run?: Run | undefined }>): Promise<Run | undefined> {
  return (await isUnknown(asked)) ? undefined : (await asked).run;
}

async function isUnknown(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return false;
  } catch (error) {
    if (error instanceof RpcError && error.code === RpcCode.NOT_FOUND) return true;
    throw error;
  }
}

function runOf(run: Run): FoundRun {
  return {
    runId: run.runId,
    key: run.key,
    logicalMs: run.logicalTime === undefined ? 0 : timestampMs(run.logicalTime),
    state: wordOf(RunState, run.state),
    reason: run.reason,
  };
}

function taskOf(task: Task): FoundTask {
  return {
    state: wordOf(TaskState, task.state),
    output: outputIn(task.outputJson),
    reason: task.failure?.message ?? task.reason,
  };
}

const outputIn = (json: string): Json => (json === "" ? null : (JSON.parse(json) as Json));

/** `UPSTREAM_FAILED` is upstream_failed. A state that a later version knows is no end that anybody here waits for. */
function wordOf(states: Readonly<Record<string, number>>, state: number): StateWord {
  const name = Object.keys(states).find((one) => states[one] === state) ?? "";
  return name.toLowerCase() as StateWord; // of this package's own enums
}
