// /api/runs/<run>/…: what is done to runs that are there: cancel, clear, mark, rerun. `dryRun` only says what would change.
import { RerunVersion, TaskState } from "@chasqui/contracts";
import type { FastifyInstance } from "fastify";
import type { ApiOperation } from "../api.ts";
import type { Owners } from "../ports/owners.ts";
import { operationJson } from "../translate.ts";
import { bad, bodyOf, callOptions, pathText, switchOf, textOf, textsOf } from "./ask.ts";

const markStates: Readonly<Record<string, TaskState>> = {
  succeeded: TaskState.SUCCEEDED,
  failed: TaskState.FAILED,
  skipped: TaskState.SKIPPED,
};
const versions: Readonly<Record<string, RerunVersion>> = {
  original: RerunVersion.ORIGINAL,
  newest: RerunVersion.NEWEST,
};

export function operationRoutes(app: FastifyInstance, owners: Owners): void {
  app.post("/api/runs/:id/cancel", async (request, reply): Promise<ApiOperation> => {
    const runId = pathText(request, "id");
    const body = bodyOf(request, ["reason", "now", "dryRun"]);
    const reason = textOf(body, "reason");
    const asked = { runId, reason, now: switchOf(body, "now"), dryRun: switchOf(body, "dryRun") };
    return operationJson(await owners.runs.cancelRun(asked, callOptions(request, reply)));
  });

  app.post("/api/runs/:id/clear", async (request, reply): Promise<ApiOperation> => {
    const body = bodyOf(request, [
      "tasks",
      "upstream",
      "downstream",
      "onlyFailed",
      "reason",
      "dryRun",
    ]);
    const asked = {
      runId: pathText(request, "id"),
      tasks: textsOf(body, "tasks"),
      upstream: switchOf(body, "upstream"),
      downstream: switchOf(body, "downstream"),
      onlyFailed: switchOf(body, "onlyFailed"),
      reason: textOf(body, "reason"),
      dryRun: switchOf(body, "dryRun"),
    };
    return operationJson(await owners.runs.clearTasks(asked, callOptions(request, reply)));
  });

  app.post("/api/runs/:id/mark", async (request, reply): Promise<ApiOperation> => {
    const body = bodyOf(request, ["task", "state", "reason", "dryRun"]);
    const asked = {
      runId: pathText(request, "id"),
      task: textOf(body, "task"),
      state: wordIn(markStates, "state", textOf(body, "state")),
      reason: textOf(body, "reason"),
      dryRun: switchOf(body, "dryRun"),
    };
    return operationJson(await owners.runs.markTask(asked, callOptions(request, reply)));
  });

  app.post("/api/runs/:id/rerun", async (request, reply): Promise<ApiOperation> => {
    const body = bodyOf(request, ["version", "reason", "dryRun"]);
    const asked = {
      runId: pathText(request, "id"),
      version: wordIn(versions, "version", textOf(body, "version") || "original"),
      reason: textOf(body, "reason"),
      dryRun: switchOf(body, "dryRun"),
    };
    return operationJson(await owners.runs.rerunRun(asked, callOptions(request, reply)));
  });
}

function wordIn<V>(words: Readonly<Record<string, V>>, name: string, text: string): V {
  const found = words[text];
  if (found !== undefined) return found;
  throw bad(`${name} is ${JSON.stringify(text)}: want ${Object.keys(words).join(", ")}`);
}
