// What the stand-in of testing.ts knows beside runs: mails, history, due times, triggers.
import type {
  ApiBackfill,
  ApiBackfillDate,
  ApiBackfillDates,
  ApiDelivery,
  ApiHistoryEntry,
  ApiPauseChanges,
  ApiTick,
  ApiTrigger,
} from "../src/api.ts";
import { ago, DAY, dayOf, HOUR, MAILED, MINUTE, RUNNING } from "./testing-data.ts";

const carriers = [
  "Andina Express",
  "Café Cargo",
  "Delta Norte",
  "Expreso Llano",
  "Flota Azul",
  "Gran Valle",
  "Hermanos Ruiz",
  "Inter Sabana",
  "La Rápida",
  "Mensajeros Unidos",
  "Norte Veloz",
  "Ruta Sur",
];

export const deliveries: readonly ApiDelivery[] = carriers.map((name, index) => {
  const isLeftOut = name === "Andina Express" || name === "Ruta Sur";
  return {
    report: "carrier-daily-costs",
    period: dayOf(0),
    recipientKey: `C${String(index + 1).padStart(2, "0")} ${name}`,
    address: isLeftOut
      ? ""
      : `costs@${name
          .toLowerCase()
          .normalize("NFD")
          .replaceAll(/[^a-z]/g, "")}.example`,
    state: isLeftOut ? "left_out" : "sent",
    reason: isLeftOut ? `no routes in ${dayOf(0)}` : "",
    messageId: `<${index}@chasqui.example>`,
    runId: MAILED,
    time: ago(2 * HOUR - 8_000),
  };
});

export const history: readonly ApiHistoryEntry[] = [
  ["run_created", "start:delay-model-training"],
  ["task_assigned", "start:delay-model-training"],
  ["task_started", "att-waitj9m4:u1"],
  ["task_succeeded", "att-waitj9m4:u2"],
].map(([type = "", cause = ""], index) => ({
  version: index + 1,
  index: 0,
  time: ago(9 * MINUTE - index * 800),
  type,
  cause,
  data: index === 0 ? { key: "k" } : { task: "wait-for-export", attempt: 1 },
}));

const outcomes: readonly ApiTick["outcome"][] = [
  "fired",
  "fired",
  "skipped",
  "fired",
  "suppressed",
  "missed",
];
const reasons: Readonly<Record<string, string>> = {
  skipped: "skipped: an earlier run is still active",
  suppressed: "the DAG was paused",
  missed:
    "no scheduler recorded it until 512 s after it was due, and catch-up is latest and a newer due time had come",
};

export const ticks: readonly ApiTick[] = outcomes.map((outcome, index) => ({
  dagId: "carrier-daily-costs",
  dueTime: ago((index + 1) * DAY - 3 * HOUR),
  outcome,
  ...(outcome === "fired" ? { runId: MAILED } : {}),
  reason: reasons[outcome] ?? "",
}));

export const triggers: readonly ApiTrigger[] = [
  {
    id: "routes-2026-11-22",
    dagId: "carrier-daily-costs",
    outcome: "started",
    runId: MAILED,
    reason: "",
  },
  {
    id: "routes-2026-11-22b",
    dagId: "carrier-daily-costs",
    outcome: "joined",
    runId: MAILED,
    reason: "",
  },
  {
    id: "routes-mx-104",
    dagId: "carrier-daily-costs",
    outcome: "filtered",
    reason: "when is false",
  },
  {
    id: "order-881",
    dagId: "delay-model-training",
    outcome: "waiting",
    reason: "collected with others until 2026-11-22T19:10:00.000Z: 12 so far",
  },
  {
    id: "routes-2026-11-21",
    dagId: "carrier-daily-costs",
    outcome: "rate-limited",
    reason: "5 runs in 3600 s are the most; the next is possible at 2026-11-22T18:01:12.000Z",
  },
  {
    id: "depot-7",
    dagId: "",
    outcome: "unbound",
    reason: "no DAG has a trigger for logistics.depot.opened",
  },
  {
    id: "x-1",
    dagId: "",
    outcome: "dead",
    reason: "the body is not JSON in UTF-8: Unexpected token 'h'",
  },
].map((trigger, index) => ({
  source: "logistics",
  subject: trigger.id === "depot-7" ? "logistics.depot.opened" : "logistics.routes.closed",
  receivedTime: ago(2 * HOUR + index * 13 * MINUTE),
  ...trigger,
}));

const backfill: ApiBackfill = {
  backfillId: "bf-0123456789abcdefghjkmnpqrs",
  dagId: "carrier-daily-costs",
  state: "running",
  reprocess: "failed",
  maxActive: 2,
  newestFirst: false,
  version: 0,
  createdBy: "user:ana",
  createdTime: ago(10 * MINUTE),
  reason: "new rates of Andina Express",
  changedBy: "",
  changeReason: "",
  counts: { succeeded: 1, skipped: 1, running: 1, waiting: 1 },
  firstTime: `${dayOf(9)}T00:00:00.000Z`,
  lastTime: `${dayOf(6)}T00:00:00.000Z`,
  waitsFor: "",
  endsRuns: false,
  isOver: false,
};
export const backfills: readonly ApiBackfill[] = [backfill];

export const backfillDates: readonly ApiBackfillDate[] = [
  { state: "succeeded", reason: "", runId: MAILED },
  { state: "skipped", reason: "its run succeeded, and reprocess is failed", runId: MAILED },
  { state: "running", reason: "", runId: MAILED },
  { state: "waiting", reason: "" },
].map((date, index) => {
  const time = `${dayOf(9 - index)}T00:00:00.000Z`;
  return { ...date, dueTime: time, logicalTime: time, runKey: dayOf(9 - index) };
});

/** What a cancel would do to it. */
export const cancelledDates: readonly ApiBackfillDate[] = backfillDates.slice(2).map((date) => {
  const state = date.state === "waiting" ? "abandoned" : "cancelled";
  return { ...date, state };
});

/** What a new backfill would do: twelve days, some with runs, one that the schedule excludes. */
export const foreseen: ApiBackfillDates = {
  backfill: {
    ...backfill,
    ...{ reprocess: "none", maxActive: 4, createdTime: ago(0), counts: { waiting: 8, skipped: 4 } },
  },
  dates: Array.from({ length: 12 }, (_, index) => {
    const runKey = dayOf(20 - index);
    const dueTime = `${runKey}T19:00:00.000Z`;
    const about = { dueTime, logicalTime: dueTime, runKey };
    if (index === 6)
      return { ...about, state: "skipped", reason: "the schedule excludes it (holidays)" };
    if (index % 4 === 1)
      return { ...about, state: "skipped", reason: "its run succeeded", runId: MAILED };
    const reason = index === 3 ? `it does ${MAILED} again` : "it has no run";
    return { ...about, state: "waiting", reason };
  }),
};

/** Whichever DAG is paused or resumed. */
export const pauseChanges: ApiPauseChanges = {
  ...{ changed: true, activeRuns: 2, waitingRuns: 3, startedRunIds: [RUNNING] },
};
