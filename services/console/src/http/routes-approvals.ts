// /api/approvals and /api/runs/<run>/answer: what runs ask people, and the answers.
import type { FastifyInstance } from "fastify";
import type { ApiAnswered, ApiApprovals } from "../api.ts";
import type { Owners } from "../ports/owners.ts";
import { approvalJson } from "../translate.ts";
import {
  booleanOf,
  bodyOf,
  callOptions,
  integerOf,
  numberOf,
  objectOf,
  pathText,
  textOf,
} from "./ask.ts";

const PAGE_MAX = 1_000;

export function approvalRoutes(app: FastifyInstance, { approvals }: Owners): void {
  app.get("/api/approvals", async (request, reply): Promise<ApiApprovals> => {
    const asked = {
      dagId: textOf(request.query, "dag"),
      runId: textOf(request.query, "run"),
      pageSize: integerOf(request.query, "page_size", { min: 1, max: PAGE_MAX }),
    };
    const found = await approvals.listApprovals(asked, callOptions(request, reply));
    return { approvals: found.approvals.map(approvalJson), total: found.total };
  });

  app.post("/api/runs/:id/answer", async (request, reply): Promise<ApiAnswered> => {
    const body = bodyOf(request, ["task", "attempt", "approve", "comment", "values"]);
    const asked = {
      runId: pathText(request, "id"),
      task: textOf(body, "task"),
      attempt: numberOf(body, "attempt"),
      approve: booleanOf(body, "approve"),
      comment: textOf(body, "comment"),
      values: objectOf(body, "values") ?? {},
    };
    const answered = await approvals.answerApproval(asked, callOptions(request, reply));
    const { runId, task, state, changed } = answered;
    return { runId, task, state, changed };
  });
}
