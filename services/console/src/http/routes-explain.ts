// /api/runs/<run>/explain: why a run, or a task of it, is not at work now.
import type { FastifyInstance } from "fastify";
import type { ApiExplained } from "../api.ts";
import { explainedJson } from "../explain-json.ts";
import type { Owners } from "../ports/owners.ts";
import { callOptions, pathText, textOf } from "./ask.ts";

export function explainRoutes(app: FastifyInstance, { explain }: Owners): void {
  app.get("/api/runs/:id/explain", async (request, reply): Promise<ApiExplained> => {
    const asked = { runId: pathText(request, "id"), task: textOf(request.query, "task") };
    return explainedJson(await explain.explainRun(asked, callOptions(request, reply)));
  });
}
