// /api/backfills: how far they are, their dates, and what people tell them.
import { randomUUID } from "node:crypto";
import { BackfillAction, Reprocess } from "@chasqui/contracts";
import type { FastifyInstance } from "fastify";
import type { ApiBackfillDates, ApiBackfills } from "../api.ts";
import { backfillDateJson, backfillJson } from "../backfill-json.ts";
import type { Owners } from "../ports/owners.ts";
import {
  bad,
  bodyOf,
  callOptions,
  flagOf,
  integerOf,
  numberOf,
  objectOf,
  pathText,
  switchOf,
  textOf,
  textsOf,
} from "./ask.ts";
import { HttpError } from "./errors.ts";

const PAGE_MAX = 1_000;
const DATES_MAX = 5_000;

const actions: Readonly<Record<string, BackfillAction>> = {
  pause: BackfillAction.PAUSE,
  resume: BackfillAction.RESUME,
  cancel: BackfillAction.CANCEL,
};
const reprocesses: Readonly<Record<string, Reprocess>> = {
  "": Reprocess.NONE,
  none: Reprocess.NONE,
  failed: Reprocess.FAILED,
  all: Reprocess.ALL,
};
const fields = [
  ...["from", "to", "dates", "reprocess", "maxActive", "newestFirst", "params", "version"],
  ...["dryRun", "reason", "requestId"],
];

export function backfillRoutes(app: FastifyInstance, { backfills }: Owners): void {
  app.get("/api/backfills", async (request, reply): Promise<ApiBackfills> => {
    const asked = {
      dagId: textOf(request.query, "dag"),
      open: flagOf(request.query, "open"),
      pageSize: integerOf(request.query, "page_size", { min: 1, max: PAGE_MAX }),
    };
    const found = await backfills.listBackfills(asked, callOptions(request, reply));
    return { backfills: found.backfills.map(backfillJson) };
  });

  app.get("/api/backfills/:id", async (request, reply): Promise<ApiBackfillDates> => {
    const backfillId = pathText(request, "id");
    const pageSize = integerOf(request.query, "page_size", { min: 1, max: DATES_MAX });
    const found = await backfills.getBackfill(
      { backfillId, pageSize },
      callOptions(request, reply),
    );
    return {
      backfill: backfillJson(known(found.backfill, backfillId)),
      dates: found.dates.map(backfillDateJson),
    };
  });

  app.post("/api/dags/:id/backfills", async (request, reply): Promise<ApiBackfillDates> => {
    const body = bodyOf(request, fields);
    const reprocess = reprocesses[textOf(body, "reprocess")];
    if (reprocess === undefined) throw bad("reprocess: want none, failed or all");
    const params = objectOf(body, "params");
    const dagId = pathText(request, "id");
    const made = await backfills.createBackfill(
      {
        dagId,
        reprocess,
        from: textOf(body, "from"),
        to: textOf(body, "to"),
        dates: textsOf(body, "dates"),
        maxActive: numberOf(body, "maxActive"),
        newestFirst: switchOf(body, "newestFirst"),
        version: numberOf(body, "version"),
        dryRun: switchOf(body, "dryRun"),
        reason: textOf(body, "reason"),
        requestId: textOf(body, "requestId") || randomUUID(),
        ...(params === undefined ? {} : { params }),
      },
      callOptions(request, reply),
    );
    return {
      backfill: backfillJson(known(made.backfill, dagId)),
      dates: made.dates.map(backfillDateJson),
    };
  });

  app.post("/api/backfills/:id/:action", async (request, reply): Promise<ApiBackfillDates> => {
    const action = actions[pathText(request, "action")];
    if (action === undefined) throw bad("want /pause, /resume or /cancel");
    const backfillId = pathText(request, "id");
    const body = bodyOf(request, ["reason", "keepRuns", "dryRun"]);
    const told = {
      ...{ backfillId, action, reason: textOf(body, "reason") },
      ...{ keepRuns: switchOf(body, "keepRuns"), dryRun: switchOf(body, "dryRun") },
    };
    const { backfill, dates } = await backfills.controlBackfill(told, callOptions(request, reply));
    return {
      backfill: backfillJson(known(backfill, backfillId)),
      dates: dates.map(backfillDateJson),
    };
  });
}

function known<T>(backfill: T | undefined, id: string): T {
  if (backfill !== undefined) return backfill;
  throw new HttpError(502, `backfill ${id} was not shown`, "Look for it in /api/backfills.");
}
