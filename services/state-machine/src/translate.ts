// Bus message → what the core understands. The only place that distrusts INBOX; whatever does not fit is rejected with
// a sentence, and goes to the dead letters alone.
import { fromBinary } from "@bufbuild/protobuf";
import { RejectError } from "@chasqui/bus";
import type {
  AcquireSlots,
  AttemptUpdate,
  ChangeDags,
  ChildRun,
  InboxMessage,
  InboxWhat,
  ParentRef,
  SettleRun,
  StartRun,
} from "@chasqui/contracts";
import { InboxMessageSchema, RunState, attemptIdOf, runIdOf } from "@chasqui/contracts";
import type { AttemptReport, Child, Counted, Failure, Json, Parent } from "@chasqui/machine";
import type { Body, FolderChange, Inbound, Pinned, StartFacts } from "./core/inbound.ts";
import { answerOf, questionAsked } from "./translate-approvals.ts";
import { jsonOf, named, refOf } from "./translate-parts.ts";
import { attemptWords, causeWords, failureWords } from "./say/enums.ts";

const OUTPUT_BYTES_MAX = 64 * 1024;

export interface Received {
  readonly subject: string;
  readonly data: Uint8Array;
  /** It may be decided already. */
  readonly isRepeated: boolean;
}

export function translate(received: Received): Inbound {
  const message = decode(received.data);
  if (message.id === "")
    throw new RejectError("INBOX message without an id: want the derived id of its cause");
  const body = bodyOf(message);
  checkSubject(received.subject, message, body);
  return {
    id: message.id,
    redelivered: received.isRepeated,
    replyTo: message.replyTo,
    ...commandOf(message),
    body,
  };
}

/** Who may publish where is given by subject: a runner that says `startRun` where updates go is not heard. */
function checkSubject(subject: string, { body: { case: said } }: InboxMessage, { to }: Body): void {
  const what: InboxWhat = said === "update" ? "update" : to === "folder" ? "dag" : to;
  if (!subject.includes(`.${what}.`))
    throw new RejectError(`INBOX message ${said} on ${subject}: want chasqui.inbox.*.${what}.*`);
}

function decode(data: Uint8Array): InboxMessage {
  try {
    return fromBinary(InboxMessageSchema, data);
  } catch (cause) {
    throw new RejectError("INBOX message is not a chasqui.run.v1.InboxMessage", { cause });
  }
}

function commandOf({ body }: InboxMessage): { by: string; note: string; commitId?: string } {
  if (body.case === "changeDags")
    return { by: body.value.by, note: body.value.note, commitId: body.value.commit };
  if (body.case === "setPaused" || body.case === "setPool")
    return { by: body.value.by, note: body.value.reason };
  return { by: "", note: "" };
}

function bodyOf({ body }: InboxMessage): Body {
  switch (body.case) {
    case "update":
      return toRun(body.value.runId, updateOf(body.value));
    case "cancelRun":
      return toRun(body.value.runId, {
        kind: "cancel",
        by: body.value.by,
        reason: body.value.reason,
        now: body.value.now,
      });
    case "clearTasks": {
      const { tasks, upstream, downstream, onlyFailed, by, reason } = body.value;
      return toRun(body.value.runId, {
        kind: "clear",
        tasks: tasks.map(refOf),
        ...{ upstream, downstream, onlyFailed, by, reason },
      });
    }
    case "markTask": {
      const { task, state, by, reason } = body.value;
      const mark = markWords.find((word) => word === state);
      if (mark === undefined)
        throw new RejectError(
          `MarkTask: state ${JSON.stringify(state)}: want ${markWords.join(", ")}`,
        );
      return toRun(body.value.runId, { kind: "mark", ...refOf(task), state: mark, by, reason });
    }
    case "openApproval":
      return toRun(body.value.runId, questionAsked(body.value));
    case "answerApproval":
      return toRun(body.value.runId, answerOf(body.value));
    case "slotGranted": {
      const { task, attempt, pool, place } = body.value;
      return toRun(body.value.runId, { kind: "granted", ...refOf(task), attempt, pool, place });
    }
    case "askPast": {
      const { runId, taskId, byRunId, was } = body.value;
      const by = named("run", byRunId);
      return toRun(runId, { kind: "past_asked", task: named("task", taskId), was, by });
    }
    case "pastDone":
      return toRun(body.value.runId, {
        kind: "past_done",
        task: named("task", body.value.taskId),
      });
    case "acquireSlots":
      return toPool(body.value.pool, acquireOf(body.value));
    case "releaseSlots":
      return toPool(body.value.pool, {
        kind: "release",
        attemptId: named("attempt", body.value.attemptId),
      });
    case "setPool": {
      const { pool, slots: size, declared } = body.value;
      return toPool(pool, { kind: "set", size, declared });
    }
    case "nameChild": {
      const { task, attempt, child } = body.value;
      const named = {
        kind: "child_named" as const,
        ...refOf(task),
        attempt,
        child: childOf(child),
      };
      return toRun(body.value.runId, named);
    }
    case "joinRun": {
      const { parent, unwanted, now } = body.value;
      const leaves = unwanted === "" ? undefined : unwanted;
      return toRun(body.value.runId, {
        ...{ kind: "joined" as const, parent: parentOf(parent), leaves, now },
      });
    }
    case "timerDue":
      return toRun(body.value.runId, { kind: "timer" });
    case "continueRun":
      return toRun(body.value.runId, { kind: "continue" });
    case "admitRun":
      return toRun(body.value.runId, { kind: "admit" });
    case "loseAttempt": {
      const { taskId, mapIndex, attempt, evidence } = body.value;
      return toRun(body.value.runId, { kind: "lose", taskId, mapIndex, attempt, evidence });
    }
    case "startRun":
      return {
        to: "dag",
        kind: "start",
        dagId: named("DAG", body.value.dagId),
        start: startOf(body.value),
        pinned: pinnedOf(body.value),
      };
    case "settleRun":
      return {
        to: "dag",
        kind: "other",
        dagId: named("DAG", body.value.dagId),
        message: {
          kind: "settled",
          runId: named("run", body.value.runId),
          settledMs: body.value.settledMs,
          counted: countedOf(body.value),
        },
      };
    case "reopenRun":
      return {
        to: "dag",
        kind: "other",
        dagId: named("DAG", body.value.dagId),
        message: {
          kind: "reopened",
          runId: named("run", body.value.runId),
          reopenedMs: body.value.reopenedMs,
          beside: causeWords.get(body.value.causeKind) === "backfill",
        },
      };
    case "setPaused":
      return {
        to: "dag",
        kind: "other",
        dagId: named("DAG", body.value.dagId),
        message: {
          kind: "set_paused",
          paused: body.value.paused,
          by: body.value.by,
          reason: body.value.reason,
        },
      };
    case "changeDags":
      return { to: "folder", changes: folderOf(body.value) };
    default:
      throw new RejectError("INBOX message says nothing this version knows: its body is empty");
  }
}

/** A run that nobody watched: what a person asked for says nothing about the DAG by itself. */
function countedOf({ state, causeKind }: SettleRun): Counted | undefined {
  const cause = causeWords.get(causeKind);
  if (cause !== "schedule" && cause !== "trigger") return undefined;
  if (state === RunState.SUCCEEDED) return "succeeded";
  return state === RunState.FAILED ? "failed" : undefined;
}

const toRun = (runId: string, message: Extract<Body, { to: "run" }>["message"]): Body => ({
  to: "run",
  runId: named("run", runId),
  message,
});

const toPool = (pool: string, message: Extract<Body, { to: "pool" }>["message"]): Body => ({
  to: "pool",
  pool: named("pool", pool),
  message,
});

function acquireOf(acquire: AcquireSlots): Extract<Body, { to: "pool" }>["message"] {
  const { size, slots, priority, dagId, runId, attempt } = acquire;
  if (slots < 1) throw new RejectError(`AcquireSlots: slots ${slots}: want 1 or more`);
  const ref = refOf(acquire.task);
  const attemptId = attemptIdOf({ runId: named("run", runId), ...ref, attempt });
  const who = { attemptId, runId, dagId: named("DAG", dagId), ...ref, attempt };
  return { kind: "acquire", claim: { ...who, slots, priority }, size };
}

function folderOf({ changes }: ChangeDags): FolderChange[] {
  const ids = new Set(changes.map(({ dagId }) => named("DAG", dagId)));
  if (ids.size !== changes.length || ids.size === 0)
    throw new RejectError(
      `ChangeDags: ${changes.length} changes of ${ids.size} DAGs: want one of each`,
    );
  return changes.map(({ dagId, fingerprint }) => ({
    dagId,
    fingerprint: fingerprint || undefined,
  }));
}

const markWords = ["succeeded", "failed", "skipped"] as const;

function startOf(start: StartRun): StartFacts {
  const causeKind = causeWords.get(start.causeKind);
  if (causeKind === undefined)
    throw new RejectError(`StartRun: cause kind ${start.causeKind}: want 1 to 5`);
  if (start.key === "" || start.key.length > 512)
    throw new RejectError(`StartRun: key of ${start.key.length} characters: want 1 to 512`);
  return {
    runId: runIdOf(start.dagId, start.key),
    dagId: start.dagId,
    key: start.key,
    logicalMs: finite("logical_ms", start.logicalMs),
    ...intervalOf(start),
    causeKind,
    by: start.by,
    params: jsonOf("params_json", start.paramsJson) ?? {},
    event: jsonOf("event_json", start.eventJson) ?? null,
    traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(start.traceparent)
      ? start.traceparent
      : undefined,
    rerunOf: start.rerunOf === "" ? undefined : start.rerunOf,
    parent: start.parent === undefined ? undefined : parentOf(start.parent),
    unwanted: start.unwanted === "" ? undefined : start.unwanted,
    now: start.now,
  };
}

function childOf(child: ChildRun | undefined): Child {
  const { dagId = "", key = "", paramsJson = "", wait = true, allowed = [] } = child ?? {};
  const runId = runIdOf(named("DAG", dagId), named("key", key));
  const params = jsonOf("params_json", paramsJson) ?? {};
  return { runId, dagId, key, params, wait, allowed: [...allowed] };
}

function parentOf(parent: ParentRef | undefined): Parent {
  const { runId = "", dagId = "", task, attempt = 0, wait = true, allowed = [] } = parent ?? {};
  const { depth = 1, waiting = [] } = parent ?? {};
  return {
    ...{ runId: named("run", runId), dagId: named("DAG", dagId), ...refOf(task), attempt, wait },
    ...{ allowed: [...allowed], depth, waiting: [...waiting] },
  };
}

function pinnedOf({ pinned }: StartRun): Pinned | undefined {
  if (pinned === undefined) return undefined;
  const { fingerprint, number } = pinned;
  return { fingerprint: named("version", fingerprint), number };
}

function intervalOf(start: StartRun): Pick<StartFacts, "interval"> {
  const startMs = finite("interval_start_ms", start.intervalStartMs);
  const endMs = finite("interval_end_ms", start.intervalEndMs);
  if (startMs === 0 && endMs === 0) return {};
  if (endMs < startMs)
    throw new RejectError(`StartRun: its interval ends at ${endMs}, before its start ${startMs}`);
  return { interval: { startMs, endMs } };
}

function finite(name: string, value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) > 8.64e15)
    throw new RejectError(`${name}: ${value}: want milliseconds since 1970`);
  return Math.round(value);
}

function updateOf(update: AttemptUpdate): Extract<Body, { to: "run" }>["message"] {
  if (update.attempt < 1)
    throw new RejectError(`update: attempt ${update.attempt}: want 1 or more`);
  if (update.sequence < 1)
    throw new RejectError(`update: sequence ${update.sequence}: want 1 or more`);
  const time = (name: string, value: number): number | undefined =>
    value === 0 ? undefined : finite(name, value);
  const acceptedMs = time("accepted_ms", update.acceptedMs);
  const startedMs = time("started_ms", update.startedMs);
  const endedMs = time("ended_ms", update.endedMs);
  return {
    kind: "update",
    taskId: named("task", update.taskId),
    mapIndex: update.mapIndex,
    attempt: update.attempt,
    sequence: update.sequence,
    ...(acceptedMs === undefined ? {} : { acceptedMs }),
    ...(startedMs === undefined ? {} : { startedMs }),
    ...(endedMs === undefined ? {} : { endedMs }),
    ...(update.link === "" ? {} : { link: update.link }),
    report: reportOf(update),
  };
}

function reportOf(update: AttemptUpdate): AttemptReport {
  const state = attemptWords.get(update.state);
  switch (state) {
    case "accepted":
    case "running":
    case "cancelled":
      return { state };
    case "skipped":
      return { state, reason: update.reason };
    case "failed":
      return { state, failure: failureOf(update) };
    case "succeeded":
      return outputOf(update);
    default:
      throw new RejectError(`update of ${update.attemptId}: state ${update.state}: want 1 to 6`);
  }
}

/** An output that is too large or no JSON is the task's fault, not the message's: the attempt fails. */
function outputOf(update: AttemptUpdate): AttemptReport {
  const text = update.outputJson;
  if (text === "") return { state: "succeeded" };
  const bytes = Buffer.byteLength(text);
  if (bytes > OUTPUT_BYTES_MAX)
    return wrongOutput(
      `the output has ${bytes} bytes: want at most ${OUTPUT_BYTES_MAX}; put larger ones in a bucket`,
    );
  try {
    return { state: "succeeded", output: JSON.parse(text) as Json };
  } catch {
    return wrongOutput("the output is not JSON");
  }
}

const wrongOutput = (message: string): AttemptReport => ({
  state: "failed",
  failure: { class: "config", message },
});

function failureOf({ failure }: AttemptUpdate): Failure {
  if (failure === undefined) return { class: "unknown", message: "the runner gave no reason" };
  return {
    class: failureWords.get(failure.class) ?? "unknown",
    message: failure.message,
    ...(failure.evidence === undefined ? {} : { evidence: failure.evidence as Json }),
    ...(failure.logTail.length === 0 ? {} : { logTail: failure.logTail }),
    ...(failure.neverStarted ? { neverStarted: true } : {}),
    ...(failure.permanent ? { permanent: true } : {}),
  };
}
