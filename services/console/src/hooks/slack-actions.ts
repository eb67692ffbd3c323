// A press of a button under a question in Slack becomes an answer, in the name of who pressed it: `slack:<user id>`.
// Facts that a reader may rely on:
//   A1. Only what Slack signed comes here (signature.ts); the same request a second time does nothing.
//   A2. Whoever may not answer, or comes late, is told so, and nobody else is.
import { RpcError } from "@chasqui/chassis";
import type { Logger } from "@chasqui/chassis";
import { slackActions } from "@chasqui/contracts";
import { HttpError } from "../http/errors.ts";
import type { Owners } from "../ports/owners.ts";

export interface SlackActionDeps {
  readonly approvals: Pick<Owners["approvals"], "answerApproval">;
  readonly log: Pick<Logger, "info" | "warn">;
  /** Tells the one who pressed; the address is out of what Slack signed. */
  readonly whisper: (responseUrl: string, text: string) => Promise<void>;
}

export interface Press {
  readonly userId: string;
  readonly userName: string;
  readonly responseUrl: string;
  readonly approve: boolean;
  readonly run: string;
  readonly task: string;
  readonly attempt: number;
}

/** Undefined for what needs no answer: a link that was followed, a button of somebody else. */
export function pressOf(body: Uint8Array): Press | undefined {
  const payload = mapOf(parsed(new URLSearchParams(textIn(body)).get("payload") ?? ""));
  const { user, actions, response_url: responseUrl } = payload;
  const action = mapOf(Array.isArray(actions) ? actions[0] : undefined);
  const { action_id: id, value } = action;
  if (id !== slackActions.approve && id !== slackActions.reject) return undefined;
  const { run, task, attempt } = mapOf(parsed(textOr(value)));
  const { id: userId, username, name } = mapOf(user);
  if (!/^[UW][A-Z0-9]{1,20}$/.test(textOr(userId)))
    throw new HttpError(400, "the press has no user", "Slack sends user.id.");
  if (textOr(run) === "" || textOr(task) === "" || typeof attempt !== "number" || attempt < 1)
    throw new HttpError(400, "the button says no question", "It is none of ours.");
  return {
    userId: textOr(userId),
    userName: textOr(username) || textOr(name),
    responseUrl: textOr(responseUrl),
    approve: id === slackActions.approve,
    ...{ run: textOr(run), task: textOr(task), attempt },
  };
}

export async function answerPress(press: Press, deps: SlackActionDeps): Promise<void> {
  const { userId, userName, approve, run: runId, task, attempt, responseUrl } = press;
  const principal = `slack:${userId}`;
  const comment = userName === "" ? "in Slack" : `in Slack, as ${userName}`.slice(0, 200);
  try {
    await deps.approvals.answerApproval(
      { runId, task, attempt, approve, comment, values: {} },
      { principal },
    );
    deps.log.info({ run_id: runId, task, principal, approve }, "answered in Slack");
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    deps.log.warn({ run_id: runId, task, principal, reason: error.message }, "no answer in Slack");
    await deps.whisper(responseUrl, error.message);
  }
}

/** Slack's own addresses alone: ours must not be made to call others. */
const SLACK = /^https:\/\/hooks\.slack\.com\//;
const WHISPER_MS_MAX = 2_000;

export async function whisperInSlack(responseUrl: string, text: string): Promise<void> {
  if (!SLACK.test(responseUrl)) return;
  const body = { response_type: "ephemeral", replace_original: false, text: text.slice(0, 1_000) };
  await fetch(responseUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(WHISPER_MS_MAX),
  }).catch(() => undefined); // the refusal is in the log, too
}

const SEEN_MAX = 10_000;

/** Requests of the last minutes. Another replica does not know them; there the first answer has won already. */
export function seenOnce(keepMs: number): (id: string, nowMs: number) => boolean {
  const seen = new Map<string, number>();
  return (id, nowMs) => {
    for (const [old, atMs] of seen) {
      if (nowMs - atMs <= keepMs && seen.size <= SEEN_MAX) break;
      seen.delete(old);
    }
    if (seen.has(id)) return false;
    seen.set(id, nowMs);
    return true;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "the payload is no JSON", "Slack sends payload=<JSON>.");
  }
}

const textIn = (body: Uint8Array): string => new TextDecoder().decode(body);
const textOr = (value: unknown): string => (typeof value === "string" ? value : "");
const mapOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
