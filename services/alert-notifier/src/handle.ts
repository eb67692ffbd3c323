// One notice of the state machine: which channels want to know, and what each one's incident says now.
// Invariants:
//   H1. When this resolves, what is to be said is stored; getting it into Slack is the sender's.
//   H2. The same notice again, or an older one, changes nothing.
import { deriveId } from "@chasqui/contracts";
import type { Sql } from "postgres";
import { type Channel, withoutAllowed } from "./core/asked.ts";
import { fold, type Notice, type QuestionRef, taskName } from "./core/facts.ts";
import { stateOf, titleOf } from "./core/incident-state.ts";
import type { AlertsOf } from "./ports/dag-alerts.ts";
import { loadIncident } from "./store/load-incident.ts";
import { putIncident } from "./store/put-incident.ts";

export interface HandleDeps {
  readonly sql: Sql;
  readonly alertsOf: AlertsOf;
  /** Can a question still be answered? */
  readonly isOpen: (runId: string, question: QuestionRef) => Promise<boolean>;
  /** Something is to be said. */
  readonly onChanged: () => void;
}

/** Tries of a write that others keep overtaking; each is another notice's success. */
const TRIES_MAX = 100;

export const incidentIdOf = (about: string, channel: string): string =>
  deriveId("inc", about, channel);

/** Stores what the notice means; `traceparent` is of the span that what follows belongs to. Answers whether anybody is told. */
export async function tell(told: Notice, traceparent: string, deps: HandleDeps): Promise<boolean> {
  const { sql, alertsOf, onChanged } = deps;
  const { dagId, dagVersion } = told.run;
  const { channels, allowedToFail } = await alertsOf(dagId, dagVersion);
  const notice = withoutAllowed(told, allowedToFail);
  let changed = false;
  for (const channel of channels)
    if (await changeIncident(sql, { notice, channel, traceparent })) changed = true;
  if (changed && told.what === "approval-asked") await closeIfOver(told, traceparent, deps);
  if (changed) onChanged();
  return changed;
}

/** A run, its DAG that paused itself, or one of its questions. */
function aboutOf(notice: Notice, runId: string): string {
  if (notice.what === "dag-auto-paused") return `${runId} paused`;
  if (notice.what !== "approval-asked" && notice.what !== "approval-closed") return runId;
  return `${runId} asks ${taskName(notice.question)} ${notice.question.attempt}`;
}

/** Its end may have been heard before it: events of two kinds have no order between them. */
async function closeIfOver(
  told: Notice & { readonly what: "approval-asked" },
  traceparent: string,
  deps: HandleDeps,
): Promise<void> {
  const { run, question } = told;
  if (await deps.isOpen(run.runId, question)) return;
  const closing = { outcome: "closed", by: "", comment: "" } as const;
  await tell({ what: "approval-closed", run, question, closing }, traceparent, deps);
}

async function changeIncident(
  sql: Sql,
  told: { readonly notice: Notice; readonly channel: Channel; readonly traceparent: string },
): Promise<boolean> {
  const { notice, channel, traceparent } = told;
  const { channel: name, asked } = channel;
  const { runId } = notice.run;
  const about = aboutOf(notice, runId);
  const incidentId = incidentIdOf(about, name);
  for (let i = 0; i < TRIES_MAX; i++) {
    const said = await loadIncident(sql, incidentId);
    const facts = fold(said?.facts, notice, asked);
    if (facts === undefined || facts === said?.facts) return false;
    const stored = await putIncident(sql, {
      incidentId,
      channel: name,
      asked,
      facts,
      state: stateOf(facts),
      title: titleOf(facts),
      traceparent,
      revision: (said?.revision ?? 0) + 1,
    });
    if (stored) return true;
  }
  throw new Error(`incident ${incidentId}: overtaken ${TRIES_MAX} times`);
}
