// Brings Slack up to what the incidents say: one step with one row at a time, oldest first, at Slack's pace.
// Invariants:
//   S1. A first post happens only under a claim that was stored before, and only while its lease runs.
//   S2. Nothing is dropped: what did not work has a next time, and a process that dies leaves a claim to look up.
import type { Logger, Part, Telemetry } from "@chasqui/chassis";
import { parseTraceparent } from "@chasqui/chassis";
import type { Sql } from "postgres";
import { type Links, messageOf } from "./core/blocks.ts";
import {
  afterDeath,
  afterEdit,
  afterLookUp,
  afterPost,
  CHANNEL_PACE_MS,
  type Delivery,
  type Next,
  nextStep,
  type SlackAnswer,
} from "./core/delivery.ts";
import type { Mark, Slack } from "./ports/slack.ts";
import { openSpan } from "./spans.ts";
import { claimDelivery } from "./store/claim-delivery.ts";
import { deliveryOf, type IncidentRow } from "./store/incident-row.ts";
import { loadRow } from "./store/list-incidents.ts";
import { loadDue, nextDueMs } from "./store/load-due.ts";
import { settleDelivery } from "./store/settle-delivery.ts";
import { type Bell, bell } from "./bell.ts";

export interface SenderDeps {
  readonly sql: Sql;
  /** Made anew when its connection changed. Rejects when there is none. */
  readonly slack: () => Promise<Slack>;
  readonly linksOf: (row: IncidentRow, traceId: string | undefined) => Links;
  readonly telemetry: Pick<Telemetry, "enabled" | "emitSpan">;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** A step is one process's alone for so long. */
  readonly leaseMs: number;
  /** What Slack is given to finish a post that we gave up on. */
  readonly doubtMs: number;
  /** Also looks by itself this often, for what other replicas stored. */
  readonly pollMs: number;
}

export interface Sender extends Part {
  /** Something may be due. */
  wake(): void;
}

/** After an error of our own, such as a database that is away. */
const PAUSE_MS = 1_000;

export function startSender(deps: SenderDeps): Sender {
  const wake = bell();
  const stopping = new AbortController();
  const running = run(deps, wake, stopping.signal);
  return {
    name: "sender",
    wake: () => wake.ring(),
    async stop() {
      stopping.abort();
      wake.ring();
      await running;
    },
  };
}

async function run(deps: SenderDeps, wake: Bell, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    let pauseMs: number;
    try {
      pauseMs = await sendDue(deps, stopping);
    } catch (error) {
      deps.log.error({ error }, "incidents cannot be sent now");
      pauseMs = PAUSE_MS;
    }
    if (!stopping.aborted) await wake.wait(pauseMs);
  }
}

/** Everything that is due; answers when to look again. */
export async function sendDue(deps: SenderDeps, stopping: AbortSignal): Promise<number> {
  for (let row = await loadDue(deps.sql); row !== undefined; row = await loadDue(deps.sql)) {
    if (stopping.aborted) break;
    await stepWith(row, deps);
  }
  return Math.min(deps.pollMs, (await nextDueMs(deps.sql)) ?? deps.pollMs);
}

async function stepWith(row: IncidentRow, deps: SenderDeps): Promise<void> {
  const { sql, leaseMs } = deps;
  const delivery = deliveryOf(row);
  const step = nextStep(delivery, row.revision);
  if (step === "rest") return;
  if (step === "doubt") return await settle(row, row.delivery_version, afterDeath(delivery), deps);
  const claimedMs = performance.now();
  if (!(await claimDelivery(sql, row, { step, leaseMs, paceMs: CHANNEL_PACE_MS }))) return;
  // A process that slept through half of its lease leaves the row to who comes next.
  if (performance.now() - claimedMs > leaseMs / 2) return;
  const next = await act(step, { row, delivery }, deps);
  await settle(row, row.delivery_version + 1, next, deps);
}

async function act(
  step: "post" | "edit" | "look_up",
  { row, delivery }: { readonly row: IncidentRow; readonly delivery: Delivery },
  deps: SenderDeps,
): Promise<Next> {
  const { incident_id: incidentId, revision } = row;
  if (step === "look_up") {
    const sinceMs = row.claimed_at?.getTime() ?? row.opened_at.getTime();
    const channel = { name: row.channel, id: row.known_channel_id ?? undefined };
    const slack = await slackOf(deps);
    if (typeof slack === "string") return afterLookUp(delivery, { kind: "unknown", reason: slack });
    return afterLookUp(delivery, await slack.lookUp(channel, { incidentId, sinceMs }));
  }
  const answer = await say(row, delivery, { incidentId, revision }, deps);
  return delivery.state === "posted"
    ? afterEdit(delivery, { answer, revision })
    : afterPost(delivery, { answer, revision, doubtMs: deps.doubtMs });
}

async function say(
  row: IncidentRow,
  delivery: Delivery,
  mark: Mark,
  deps: SenderDeps,
): Promise<SlackAnswer> {
  const slack = await slackOf(deps);
  if (typeof slack === "string") return { kind: "refused", reason: slack };
  const traceId = parseTraceparent(row.traceparent)?.traceId;
  const message = messageOf(row.facts, deps.linksOf(row, traceId));
  const method = delivery.state === "posted" ? "chat.update" : "chat.postMessage";
  const span = openSpan(deps.telemetry, row.traceparent, {
    name: `POST ${method}`,
    kind: "client",
    attributes: {
      "http.request.method": "POST",
      "chasqui.run.id": row.run_id,
      "chasqui.dag.id": row.dag_id,
      "chasqui.incident.revision": mark.revision,
    },
  });
  const answer =
    delivery.state === "posted"
      ? await slack.edit(delivery.at, message, mark)
      : await slack.post(row.channel, message, mark);
  span.end(answer.kind === "done" ? undefined : "reason" in answer ? answer.reason : answer.kind);
  return answer;
}

/** The client, or why there is none. */
async function slackOf({ slack }: SenderDeps): Promise<Slack | string> {
  try {
    return await slack();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function settle(
  row: IncidentRow,
  version: number,
  next: Next,
  deps: SenderDeps,
): Promise<void> {
  const { incident_id: incidentId, channel } = row;
  logStep(row, next, deps);
  if (await settleDelivery(deps.sql, { incidentId, channel, version, next })) return;
  // Declared in doubt before we could say so: what we know ends the doubt.
  const now = next.delivery.state === "posted" ? await loadRow(deps.sql, incidentId) : undefined;
  if (now?.delivery !== "unconfirmed") return;
  await settleDelivery(deps.sql, { incidentId, channel, version: now.delivery_version, next });
}

function logStep(row: IncidentRow, { delivery }: Next, { log }: SenderDeps): void {
  const fields = {
    incident_id: row.incident_id,
    run_id: row.run_id,
    trace_id: parseTraceparent(row.traceparent)?.traceId,
    channel: row.channel,
    revision: row.revision,
    delivery: delivery.state,
  };
  if (delivery.state === "posted" && delivery.failureCount === 0)
    log.info(fields, "shown in Slack");
  else if ("reason" in delivery)
    log.warn({ ...fields, reason: delivery.reason }, "not shown in Slack");
  else log.warn({ ...fields, failures: delivery.failureCount }, "not shown in Slack yet");
}
