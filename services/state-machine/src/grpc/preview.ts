// What a command would change: decided by the same machine on a copy of the run, with nothing written and nothing said.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PlannedChangeSchema, PlannedChangesSchema } from "@chasqui/contracts";
import { RpcCode, RpcError } from "@chasqui/chassis";
import { decide } from "@chasqui/machine";
import type { RunMessage, RunState, TaskState } from "@chasqui/machine";
import type { Sql } from "postgres";
import { runStates, taskStates } from "../say/enums.ts";
import { loadRuns } from "../store/load.ts";
import type { Versions } from "../store/versions.ts";

type Changes = MessageInitShape<typeof PlannedChangesSchema>;

export interface PreviewContext {
  readonly sql: Sql;
  readonly versions: Versions;
  readonly clock: () => number;
}

/** Throws FAILED_PRECONDITION with the machine's words when the command would be refused. */
export async function preview(
  runId: string,
  message: RunMessage,
  { sql, versions, clock }: PreviewContext,
): Promise<Changes> {
  const { runs } = await loadRuns(sql, versions, [runId]);
  const [run] = runs;
  if (run === undefined)
    throw new RpcError(RpcCode.FAILED_PRECONDITION, `run ${runId} was written by newer code`);
  return changesBy(run.state, message, clock());
}

/** Decides on the state that it is given: a copy that nobody else holds. */
export function changesBy(state: RunState, message: RunMessage, nowMs: number): Changes {
  const before = state.tasks.map(({ status }) => status);
  const { decision } = decide(state, message, { nowMs, cause: "preview" });
  if (decision.kind === "rejected") throw new RpcError(RpcCode.FAILED_PRECONDITION, decision.why);
  const tasks = state.tasks.flatMap((task, slot) => {
    const from = before[slot];
    return from === undefined || from === task.status ? [] : [changeOf(state, task, from)];
  });
  return { runState: runStates[state.status], tasks };
}

function changeOf(
  { plan }: RunState,
  task: TaskState,
  from: TaskState["status"],
): MessageInitShape<typeof PlannedChangeSchema> {
  return {
    taskId: plan.tasks[task.plan]?.id ?? "",
    mapIndex: task.mapIndex,
    from: taskStates[from],
    to: taskStates[task.status],
    what: whatOf(task),
  };
}

/** What becomes of it, for people. */
function whatOf({ status, cancelFor, markAs, attempt }: TaskState): string {
  switch (status) {
    case "waiting":
      return "is done again when its turn comes";
    case "assigned":
    case "queued":
      return `is done again at once, as attempt ${attempt}`;
    case "cancelling": {
      const then = { clear: "then done again", mark: `then ${markAs ?? "marked"}` };
      const after = cancelFor === "clear" || cancelFor === "mark" ? `, ${then[cancelFor]}` : "";
      return `its attempt ${attempt} is cancelled${after}`;
    }
    case "removed":
      return "is there again if the new list has so many items";
    default:
      return "";
  }
}
