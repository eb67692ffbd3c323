// ScheduleService: what people and programs ask about schedules and the two ledgers.
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { authorize, implementation } from "@chasqui/chassis";
import type { Database, ServiceImplementation } from "@chasqui/chassis";
import { ScheduleService, TickOutcome } from "@chasqui/contracts";
import { summaryOf } from "@chasqui/dag/time";
import type { Registry } from "./registry.ts";
import { listTicks, listTriggers } from "./store/ledgers.ts";

const PAGE_SIZE_DEFAULT = 50;
const PAGE_SIZE_MAX = 1_000;

const outcomes: Readonly<Record<string, TickOutcome>> = {
  firing: TickOutcome.FIRING,
  fired: TickOutcome.FIRED,
  skipped: TickOutcome.SKIPPED,
  missed: TickOutcome.MISSED,
  suppressed: TickOutcome.SUPPRESSED,
};

export function scheduleService(o: {
  readonly registry: Registry;
  readonly database: Database;
}): ServiceImplementation {
  const namesOf = (dagId: string): string[] => (dagId === "" ? [] : o.registry.names(dagId));
  return implementation(ScheduleService, {
    listSchedules({ dagId }, { principal }) {
      authorize(principal, "read", `schedule/${dagId === "" ? "*" : dagId}`);
      const one = o.registry.get(dagId);
      const known = dagId === "" ? o.registry.all() : one === undefined ? [] : [one];
      const schedules = known
        .filter(({ dag }) => dag.timing !== undefined)
        .toSorted((a, b) => (a.dag.dagId < b.dag.dagId ? -1 : 1))
        .map(({ dag, nextMs }) => ({
          dagId: dag.dagId,
          summary: summaryOf(dag.timing),
          timezone: dag.timezone,
          paused: dag.paused,
          ...(nextMs === undefined ? {} : { nextTime: timestampFromMs(nextMs) }),
        }));
      return { schedules };
    },
    async listTicks({ dagId, pageSize }, { principal }) {
      authorize(principal, "read", `schedule/${dagId === "" ? "*" : dagId}`);
      const ticks = await listTicks(o.database, {
        dagIds: namesOf(dagId),
        limit: limitOf(pageSize),
      });
      return {
        ticks: ticks.map((tick) => ({
          dagId: tick.dagId,
          dueTime: timestampFromDate(tick.dueAt),
          outcome: outcomes[tick.outcome] ?? TickOutcome.UNSPECIFIED,
          runId: tick.runId ?? "",
          reason: tick.reason,
        })),
      };
    },
    async listTriggers({ source, id, dagId, outcome, pageSize }, { principal }) {
      authorize(principal, "read", `trigger/${source === "" ? "*" : source}`);
      const triggers = await listTriggers(o.database, {
        source,
        id,
        dagIds: namesOf(dagId),
        outcome,
        limit: limitOf(pageSize),
      });
      return {
        triggers: triggers.map(({ receivedAt, runId, ...trigger }) => ({
          source: trigger.source,
          id: trigger.id,
          subject: trigger.subject,
          receivedTime: timestampFromDate(receivedAt),
          dagId: trigger.dagId,
          outcome: trigger.outcome,
          runId: runId ?? "",
          reason: trigger.reason,
        })),
      };
    },
  });
}

const limitOf = (pageSize: number): number =>
  pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(pageSize, PAGE_SIZE_MAX);
