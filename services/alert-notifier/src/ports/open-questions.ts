// Whether a question of a run can still be answered: the state machine knows.
import type { GrpcClient } from "@chasqui/chassis";
import type { ApprovalService } from "@chasqui/contracts";
import { type QuestionRef, taskName } from "../core/facts.ts";

const QUESTIONS_MAX = 1_000;

export const openQuestions =
  (approvals: Pick<GrpcClient<typeof ApprovalService>, "listApprovals">) =>
  async (runId: string, question: QuestionRef): Promise<boolean> => {
    const { approvals: open } = await approvals.listApprovals({ runId, pageSize: QUESTIONS_MAX });
    return open.some(
      ({ task, attempt }) => task === taskName(question) && attempt === question.attempt,
    );
  };
