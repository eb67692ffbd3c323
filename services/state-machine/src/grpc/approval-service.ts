// ApprovalService: questions to people. The door checks what an answer holds against the form of the question that its
// attempt asked; the machine decides who is first and whether he may. Answers are audited: who, when, why.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { CallContext, ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, implementation, newSpanId } from "@chasqui/chassis";
import type { AnswerApprovalRequest, ApprovalSchema } from "@chasqui/contracts";
import { ApprovalService } from "@chasqui/contracts";
import { resolveForm } from "@chasqui/dag";
import { quote, suggest } from "@chasqui/dag/text";
import { isApprover, labelOf, nameOf, slotNamed } from "@chasqui/machine";
import type { AnswerMessage, Json, Question, RunState, TaskState } from "@chasqui/machine";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import { inboxMessage } from "../say/messages.ts";
import { openApprovals } from "../store/approval-reads.ts";
import type { OpenApproval } from "../store/approval-reads.ts";
import { loadRuns } from "../store/load.ts";
import * as reads from "../store/reads.ts";
import type { Versions } from "../store/versions.ts";
import type { Ask } from "./commands.ts";
import { accepted } from "./commands.ts";
import { findRun } from "./find-run.ts";
import { changesBy } from "./preview.ts";
import { refOf } from "./run-operations.ts";

export interface ApprovalServiceOptions {
  readonly sql: Sql;
  readonly db: PostgresJsDatabase;
  readonly ask: Ask;
  readonly versions: Versions;
  readonly clock: () => number;
}

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;
const COMMENT_CHARS_MAX = 2_000;

export function approvalService(options: ApprovalServiceOptions): ServiceImplementation {
  const { sql, db, ask, versions, clock } = options;

  async function stateOf(runId: string): Promise<RunState> {
    const { runs } = await loadRuns(sql, versions, [runId]);
    const [run] = runs;
    if (run === undefined)
      throw new RpcError(RpcCode.UNAVAILABLE, `run ${runId} was written by newer code`);
    return run.state;
  }

  async function answer(request: AnswerApprovalRequest, context: CallContext) {
    const { runId } = await findRun(options, request.runId);
    const state = await stateOf(runId);
    const task = askedTask(state, request.task);
    const label = labelOf(nameOf(state, task));
    const message = answerOf(request, { state, task, label, by: context.principal });
    changesBy(state, message, clock()); // its refusals, before anything is said
    const { taskId, mapIndex, attempt, approved, by, comment, values } = message;
    const ref = { taskId, mapIndex };
    const valuesJson = JSON.stringify(values);
    const value = { runId, task: ref, attempt, approved, by, comment, valuesJson };
    const id = `answer:${runId}:${newSpanId()}`; // the attempt makes it one answer, however often it is given
    const say = (replyTo: string) =>
      inboxMessage("run", runId, id, { case: "answerApproval", value }, { replyTo });
    const { changed } = accepted(await ask(say, context.signal));
    if (changed)
      await reads.writeAudit(db, {
        ...{ principal: by, action: "answer", resource: `run/${runId}`, reason: comment },
        detail: { task: label, attempt, approved, values },
      });
    const row = await reads.taskOf(db, { runId, ...ref });
    return { state: row?.state ?? "", changed, runId, task: label };
  }

  return implementation(ApprovalService, {
    async listApprovals({ dagId, runId: name, pageSize }, context) {
      authorize(context.principal, "read", "run/*");
      const runId = name === "" ? "" : (await findRun(options, name)).runId;
      const limit = Math.min(pageSize || PAGE_DEFAULT, PAGE_MAX);
      const rows = await openApprovals(sql, { dagId, runId, limit });
      return { approvals: rows.map(viewOf), total: rows[0]?.total ?? 0 };
    },

    answerApproval(request, context) {
      authorize(context.principal, "answer", `run/${request.runId}`);
      return answer(request, context);
    },
  });
}

/** The task that is named; without a name the only one that asks. */
function askedTask(state: RunState, label: string): TaskState {
  const asking = state.tasks.filter(({ status }) => status === "awaiting_approval");
  const labels = asking.map((task) => labelOf(nameOf(state, task)));
  const { id } = state.facts;
  if (label === "") {
    const [only] = asking;
    if (only !== undefined && asking.length === 1) return only;
    throw new RpcError(
      RpcCode.FAILED_PRECONDITION,
      asking.length === 0
        ? `run ${id} asks nobody: no task of it waits for an approval`
        : `run ${id} asks more than one question: want one of ${labels.join(", ")}`,
    );
  }
  const { taskId, mapIndex } = refOf(label);
  const task = state.tasks[slotNamed(state, taskId, mapIndex) ?? -1];
  if (task !== undefined) return task;
  const known = labels.length > 0 ? labels : [...state.plan.indexOf.keys()];
  throw new RpcError(
    RpcCode.NOT_FOUND,
    `run ${id} has no task ${quote(label)}: ${suggest(label, known)}`,
  );
}

function answerOf(
  { attempt, approve, comment, values = {} }: AnswerApprovalRequest,
  { state, task, label, by }: { state: RunState; task: TaskState; label: string; by: string },
): AnswerMessage {
  if (comment.length > COMMENT_CHARS_MAX)
    throw new RpcError(
      RpcCode.INVALID_ARGUMENT,
      `comment of ${comment.length} characters: want at most ${COMMENT_CHARS_MAX}`,
    );
  const { t: taskId } = nameOf(state, task);
  const question = task.approval?.question;
  if (question !== undefined && !isApprover(by, question.approvers))
    throw new RpcError(
      RpcCode.PERMISSION_DENIED,
      `${label}: ${by} may not answer: want ${question.approvers.join(" or ")}`,
    );
  return {
    ...{ kind: "answer", taskId, mapIndex: task.mapIndex, approved: approve, by, comment },
    attempt: attempt || task.attempt,
    values: question === undefined ? {} : filledIn(question, { approve, values, label }),
  };
}

/** A no needs no form. */
function filledIn(
  { form }: Question,
  { approve, values, label }: { approve: boolean; values: JsonObject; label: string },
): Json {
  if (!approve && Object.keys(values).length === 0) return {};
  const filled = resolveForm(form as JsonObject | undefined, values); // checked when it was rendered
  if (!filled.ok) throw new RpcError(RpcCode.INVALID_ARGUMENT, `${label}: ${filled.message}`);
  return filled.value as Json;
}

function viewOf(open: OpenApproval): MessageInitShape<typeof ApprovalSchema> {
  const { runId, dagId, taskId, mapIndex, attempt, approval, dueMs } = open;
  const { message, form, approvers, onReject, fallback = "" } = approval.question;
  return {
    ...{ runId, dagId, attempt, message, fallback, skipsOnReject: onReject === "skip" },
    task: labelOf(mapIndex < 0 ? { t: taskId } : { t: taskId, i: mapIndex }),
    approvers: [...approvers],
    ...(form === undefined ? {} : { form: form as JsonObject }),
    askedTime: timestampFromMs(approval.askedMs),
    ...(dueMs === null ? {} : { untilTime: timestampFromMs(dueMs) }),
  };
}
