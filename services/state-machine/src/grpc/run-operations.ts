// What people ask of runs that are there: to end, to do tasks again, to take a task for something else, to begin anew.
// Each says beforehand what it changes (dry_run says only that), and is audited: who, when, why.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Action, CallContext, Handlers } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, newSpanId } from "@chasqui/chassis";
import type { InboxMessageSchema, RunService } from "@chasqui/contracts";
import { RerunVersion, TaskState } from "@chasqui/contracts";
import type { ClearMessage, MarkMessage, RunMessage, TaskRef } from "@chasqui/machine";
import { inboxMessage } from "../say/messages.ts";
import * as reads from "../store/reads.ts";
import { accepted } from "./commands.ts";
import { findRun } from "./find-run.ts";
import { preview } from "./preview.ts";
import type { Rerun } from "./rerun.ts";
import { rerunOf, startRerun, viewOfRerun } from "./rerun.ts";
import type { RunServiceOptions, ViewOf } from "./run-service.ts";

type Body = NonNullable<MessageInitShape<typeof InboxMessageSchema>["body"]>;
type Operations = Pick<
  Handlers<typeof RunService>,
  "cancelRun" | "clearTasks" | "markTask" | "rerunRun"
>;

const TASKS_MAX = 10_000;

/** One command to a run: as the machine decides it, and as it goes on the bus. */
interface Command {
  readonly action: Action;
  readonly runId: string;
  readonly dryRun: boolean;
  readonly message: RunMessage;
  readonly body: Body;
  readonly detail: unknown;
}

export function runOperations(options: RunServiceOptions, viewOf: ViewOf): Operations {
  const { db, ask } = options;

  async function command(
    { action, runId, dryRun, message, body, detail }: Command,
    context: Asking,
  ) {
    const changes = await preview(runId, message, options);
    if (dryRun) return { run: await viewOf(runId), changes };
    const id = `${action}:${runId}:${newSpanId()}`;
    const say = (replyTo: string) => inboxMessage("run", runId, id, body, { replyTo });
    accepted(await ask(say, context.signal));
    const { principal, reason } = context;
    await reads.writeAudit(db, { principal, action, resource: `run/${runId}`, reason, detail });
    return { run: await viewOf(runId), changes };
  }

  return {
    async cancelRun({ runId: name, now, dryRun, ...request }, call) {
      authorize(call.principal, "cancel", `run/${name}`);
      const { runId } = await findRun(options, name);
      const context = asking(call, request.reason);
      const { by, reason } = context;
      const message = { kind: "cancel", by, reason, now } as const;
      const body = { case: "cancelRun", value: { runId, by, reason, now } } as const;
      return command({ action: "cancel", runId, dryRun, message, body, detail: { now } }, context);
    },

    async clearTasks({ runId: name, dryRun, ...request }, call) {
      authorize(call.principal, "clear", `run/${name}`);
      const { runId } = await findRun(options, name);
      if (request.tasks.length > TASKS_MAX)
        throw new RpcError(
          RpcCode.INVALID_ARGUMENT,
          `${request.tasks.length} tasks: want at most ${TASKS_MAX}`,
        );
      const context = asking(call, request.reason);
      const { by, reason } = context;
      const { upstream, downstream, onlyFailed } = request;
      const tasks = request.tasks.map(refOf);
      const detail = { upstream, downstream, onlyFailed };
      const message: ClearMessage = { kind: "clear", tasks, ...detail, by, reason };
      const body = { case: "clearTasks", value: { runId, tasks, ...detail, by, reason } } as const;
      return command(
        {
          action: "clear",
          runId,
          dryRun,
          message,
          body,
          detail: { ...detail, tasks: request.tasks },
        },
        context,
      );
    },

    async markTask({ runId: name, dryRun, ...request }, call) {
      authorize(call.principal, "mark", `run/${name}`);
      const { runId } = await findRun(options, name);
      const context = asking(call, request.reason);
      const { by, reason } = context;
      const task = refOf(request.task);
      const state = markWordOf(request.state);
      const message: MarkMessage = { kind: "mark", ...task, state, by, reason };
      const body = { case: "markTask", value: { runId, task, state, by, reason } } as const;
      const detail = { task: request.task, state };
      return command({ action: "mark", runId, dryRun, message, body, detail }, context);
    },

    async rerunRun({ runId: name, version, dryRun, ...request }, call) {
      const row = await findRun(options, name);
      authorize(call.principal, "start", `dag/${row.dagId}`);
      const context = asking(call, request.reason);
      const rerun: Rerun = await rerunOf(row, version === RerunVersion.NEWEST, options);
      if (dryRun) return { run: viewOfRerun(rerun, context.by) };
      await startRerun(rerun, context, options);
      const { principal, reason } = context;
      const detail = { rerun_of: row.runId, version: rerun.number };
      const resource = `run/${rerun.runId}`;
      await reads.writeAudit(db, { principal, action: "start", resource, reason, detail });
      return { run: await viewOf(rerun.runId) };
    },
  };
}

export interface Asking {
  readonly principal: string;
  readonly by: string;
  readonly reason: string;
  readonly signal: AbortSignal;
  readonly traceparent: string | undefined;
}

/** Who asks and why: the request's own words before the call's. */
const asking = ({ principal, reason, signal, traceparent }: CallContext, why: string): Asking => ({
  principal,
  by: principal,
  reason: why || (reason ?? ""),
  signal,
  traceparent,
});

/** `load` is a task with all its instances, `load[3]` one of them. */
export function refOf(label: string): TaskRef {
  const [, taskId, index] = /^([^[\]]{1,255})(?:\[(\d{1,9})\])?$/.exec(label) ?? [];
  if (taskId === undefined)
    throw new RpcError(
      RpcCode.INVALID_ARGUMENT,
      `task ${JSON.stringify(label)}: want its id, or for one instance of a mapped task id[index]`,
    );
  return { taskId, mapIndex: index === undefined ? -1 : Number(index) };
}

function markWordOf(state: TaskState): MarkMessage["state"] {
  switch (state) {
    case TaskState.SUCCEEDED:
      return "succeeded";
    case TaskState.FAILED:
      return "failed";
    case TaskState.SKIPPED:
      return "skipped";
    default:
      throw new RpcError(
        RpcCode.INVALID_ARGUMENT,
        `state ${state}: a task can be marked succeeded, failed or skipped`,
      );
  }
}
