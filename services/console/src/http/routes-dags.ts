// /api/dags, /api/ticks, /api/triggers: DAGs with their schedules, pause and trigger, the two ledgers.
import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { GrpcCallOptions, Logger } from "@chasqui/chassis";
import type { ScheduleStatus } from "@chasqui/contracts";
import type { FastifyInstance } from "fastify";
import type { ApiPaused } from "../api.ts";
import type { Owners } from "../ports/owners.ts";
import { dagJson, pausedJson, runJson, tickJson, triggerJson } from "../translate.ts";
import {
  bodyOf,
  booleanOf,
  callOptions,
  instantOf,
  integerOf,
  numberOf,
  objectOf,
  pathText,
  switchOf,
  textOf,
} from "./ask.ts";
import { HttpError } from "./errors.ts";

export interface DagRoutes {
  readonly owners: Owners;
  readonly log: Logger;
}

const PAGE_MAX = 1_000;
/** DAGs are shown without their next due times rather than late. */
const SCHEDULES_TIMEOUT_MS = 2_000;

export function dagRoutes(app: FastifyInstance, { owners, log }: DagRoutes): void {
  /** A scheduler that does not answer must not hide the DAGs. */
  async function schedules(options: GrpcCallOptions): Promise<Map<string, ScheduleStatus>> {
    try {
      const timed = { ...options, timeoutMs: SCHEDULES_TIMEOUT_MS };
      const response = await owners.schedules.listSchedules({}, timed);
      return new Map(response.schedules.map((schedule) => [schedule.dagId, schedule]));
    } catch (error) {
      log.warn({ error }, "DAGs are shown without their next due times");
      return new Map();
    }
  }

  app.get("/api/dags", async (request, reply) => {
    const options = callOptions(request, reply);
    const [{ dags }, status] = await Promise.all([
      owners.dags.listDags({}, options),
      schedules(options),
    ]);
    return { dags: dags.map((dag) => dagJson(dag, status.get(dag.dagId))) };
  });

  app.get("/api/dags/:id", async (request, reply) => {
    const dagId = pathText(request, "id");
    const version = integerOf(request.query, "version", { min: 0, max: 1_000_000_000 });
    const options = callOptions(request, reply);
    const [{ dag }, status] = await Promise.all([
      owners.dags.getDag({ dagId, version }, options),
      schedules(options),
    ]);
    if (dag === undefined) throw new HttpError(404, `no DAG ${dagId}`, "Look for it in /api/dags.");
    return dagJson(dag, status.get(dag.dagId));
  });

  app.post("/api/dags/:id/runs", async (request, reply) => {
    const body = bodyOf(request, ["key", "logicalTime", "params", "requestId", "version"]);
    const logicalTime = instantOf(body, "logicalTime");
    const params = objectOf(body, "params");
    const requestId = textOf(body, "requestId");
    const { run, created } = await owners.runs.startRun(
      {
        dagId: pathText(request, "id"),
        key: textOf(body, "key"),
        requestId: requestId === "" ? randomUUID() : requestId,
        version: numberOf(body, "version"),
        ...(logicalTime === undefined ? {} : { logicalTime: timestampFromDate(logicalTime) }),
        ...(params === undefined ? {} : { params }),
      },
      callOptions(request, reply),
    );
    if (run === undefined)
      throw new HttpError(502, "the run was started and not shown", "Look for it in /api/runs.");
    reply.code(created ? 201 : 200);
    return { created, run: runJson(run, { withTasks: true }) };
  });

  app.post("/api/dags/:id/pause", async (request, reply): Promise<ApiPaused> => {
    const body = bodyOf(request, ["paused", "reason", "dryRun"]);
    const change = {
      dagId: pathText(request, "id"),
      paused: booleanOf(body, "paused"),
      reason: textOf(body, "reason"),
      dryRun: switchOf(body, "dryRun"),
    };
    return pausedJson(await owners.dags.setPaused(change, callOptions(request, reply)));
  });

  app.get("/api/ticks/:dag", async (request, reply) => {
    const { ticks } = await owners.schedules.listTicks(
      {
        dagId: pathText(request, "dag"),
        pageSize: integerOf(request.query, "page_size", { min: 1, max: PAGE_MAX }),
      },
      callOptions(request, reply),
    );
    return { ticks: ticks.map(tickJson) };
  });

  app.get("/api/triggers", async (request, reply) => {
    const { triggers } = await owners.schedules.listTriggers(
      {
        source: textOf(request.query, "source"),
        id: textOf(request.query, "id"),
        dagId: textOf(request.query, "dag"),
        outcome: textOf(request.query, "outcome"),
        pageSize: integerOf(request.query, "page_size", { min: 1, max: PAGE_MAX }),
      },
      callOptions(request, reply),
    );
    return { triggers: triggers.map(triggerJson) };
  });
}
