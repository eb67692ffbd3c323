// Says what was committed: assignments, cancels, messages between aggregates, public events, answers to commands.
// A message is acked when everything it caused is stored; what was not stored is said again when it comes back.
import { create, toBinary } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import type { BatchItem, Bus, OutMessage, PublishOutcome } from "@chasqui/bus";
import { eventSpan, parseTraceparent, processedSpan, spanIds } from "@chasqui/chassis";
import type { Telemetry } from "@chasqui/chassis";
import { CommandVerdictSchema } from "@chasqui/contracts";
import { isSettled } from "@chasqui/machine";
import type { Sql } from "postgres";
import type { Announcer } from "./announcer.ts";
import type { CachedRun } from "./core/aggregates.ts";
import type { Batch, RunChange, Said } from "./core/batch.ts";
import type { Inbound } from "./core/inbound.ts";
import { answersToParent, isToldToParent } from "./say/children.ts";
import { dagApplied } from "./say/dag-events.ts";
import { announce } from "./say/events.ts";
import { cancelOf, dagMessages, effectMessages, undecidable } from "./say/messages.ts";
import { slotGranted } from "./say/pool-messages.ts";
import type { Wanted } from "./say/render.ts";
import { renderAssignments } from "./say/render.ts";
import { emitAll, saidBy, spansOf, traceparentOf } from "./say/traces.ts";
import type { Versions } from "./store/versions.ts";
import type { Wakes } from "./wakes.ts";

export interface Spoken {
  readonly item: BatchItem;
  readonly inbound: Inbound;
  readonly receivedMs: number;
  readonly said: Said;
  /** The batch that decided it, without what lost. */
  readonly changes: Batch;
  readonly dead: string | undefined;
  readonly nowMs: number;
}

export interface SpeakerOptions {
  readonly bus: Pick<Bus, "publish" | "publishPlain">;
  readonly sql: Sql;
  readonly versions: Versions;
  readonly telemetry: Telemetry;
  readonly announcer: Announcer;
  readonly wakes: Wakes;
  readonly environment: string;
  readonly vars: JsonObject;
}

export interface Speaker {
  say(spoken: readonly Spoken[]): Promise<void>;
  /** For the sweeper: effects of a run, outside of any message. */
  sayEffects(run: CachedRun, effects: Said["runEffects"]): Promise<PublishOutcome[]>;
}

const SAY_AGAIN_MS = 1_000;
/** What the sweeper says of a child is a new message after so long: the bus drops a copy of what it has seen. */
const SAID_AGAIN_MS = 10_000;

export function createSpeaker(options: SpeakerOptions): Speaker {
  const { bus, telemetry } = options;

  async function say(spoken: readonly Spoken[]): Promise<void> {
    const batches = new Set(spoken.map(({ changes }) => changes));
    const ofMessages = await messagesOf(
      spoken.map(({ said, inbound, dead }) => ({
        said,
        cause: inbound.id,
        first: [
          ...(dead !== undefined && said.outcome.kind !== "rejected"
            ? undecidable(inbound, dead)
            : []),
          ...answersToParent(inbound, said.outcome.kind, dead),
        ],
      })),
    );
    const changes = [...batches].flatMap(({ runs }) => [...runs.values()]);
    const events = changes.map((change) => ({ change, messages: announceRun(change) }));
    const dags = [...batches].flatMap((batch) => [...batch.dags.values()]);
    const applied = await Promise.all(dags.map((change) => dagApplied(change, options.versions)));
    const flat = [
      ...ofMessages.flat(),
      ...events.flatMap(({ messages }) => messages),
      ...applied.flat(),
    ];
    const outcomes = await bus.publish(flat);
    let at = 0;
    for (const [index, messages] of ofMessages.entries()) {
      const one = spoken[index];
      const mine = outcomes.slice(at, (at += messages.length));
      if (one !== undefined) settle(one, isSaid(messages, mine));
    }
    for (const { change, messages } of events) {
      const mine = outcomes.slice(at, (at += messages.length));
      if (!mine.includes("failed")) options.announcer.announced(change.run, change.committed);
    }
    trace(spoken, changes);
    for (const { run } of changes)
      if (!isSettled(run.state.status)) options.wakes.at(run.meta.runId, run.state.wakeMs);
  }

  /** Per message, in order: what it caused. Cancels leave at once, on plain subjects. */
  async function messagesOf(
    all: readonly { said: Said; cause: string; first: readonly OutMessage[] }[],
    again = "",
  ): Promise<OutMessage[][]> {
    const { environment } = options;
    const wanted: (Wanted & { owner: number })[] = [];
    const messages = all.map(({ said, cause, first }, owner): OutMessage[] => {
      const out = [...first, ...dagMessages(said.dagEffects, { cause, environment })];
      for (const { pool, effect } of said.poolEffects) out.push(slotGranted(pool, effect));
      for (const { run, effect } of said.runEffects) {
        if (effect.kind === "assign")
          wanted.push({ run, slot: effect.slot, attempt: effect.attempt, owner, again });
        else if (effect.kind === "cancel") {
          const cancel = cancelOf(run, effect, again);
          if (cancel !== undefined && "id" in cancel) out.push(cancel);
          else if (cancel !== undefined) bus.publishPlain(cancel.subject, cancel.data);
        } else out.push(...effectMessages(run, effect));
      }
      return out;
    });
    const rendered = await renderAssignments(wanted, options);
    for (const [index, { owner }] of wanted.entries()) {
      const message = rendered[index];
      if (message !== undefined) messages[owner]?.push(message);
    }
    return messages;
  }

  function settle({ item, inbound, said, dead }: Spoken, stored: boolean): void {
    if (inbound.replyTo !== "") answer(inbound.replyTo, said, dead);
    if (!stored) item.retry(SAY_AGAIN_MS);
    else if (
      dead !== undefined &&
      inbound.replyTo === "" &&
      !isToldToParent(inbound, said.outcome.kind)
    )
      void item.dead(dead);
    else item.ack();
  }

  function answer(replyTo: string, said: Said, dead: string | undefined): void {
    bus.publishPlain(replyTo, verdictOf(said, dead));
  }

  function announceRun({ run, events, committed }: RunChange): OutMessage[] {
    const { meta, state } = run;
    const traceparent = traceparentOf(meta, () => spanIds.event(meta.runId, committed));
    const { environment } = options;
    return announce({
      meta,
      plan: state.plan,
      version: committed,
      events,
      state,
      environment,
      traceparent,
    });
  }

  function trace(spoken: readonly Spoken[], changes: readonly RunChange[]): void {
    if (!telemetry.enabled) return;
    for (const { item, inbound, said, changes: batch, receivedMs, nowMs } of spoken) {
      const run = batch.runs.get(said.runId)?.run;
      if (run?.meta.traced !== true || isUnsampled(item.traceparent)) continue;
      const what = item.subject.split(".")[3] ?? "run";
      const parentSpanId = saidBy(run.meta, item.traceparent);
      const endMs = Math.max(receivedMs, nowMs);
      const message = { id: inbound.id, what, parentSpanId };
      telemetry.emitSpan(processedSpan(run.meta, message, { startMs: receivedMs, endMs }));
    }
    for (const change of changes) if (change.run.meta.traced) traceChange(change);
  }

  function traceChange({ run, events, committed }: RunChange): void {
    const { meta } = run;
    emitAll(telemetry, spansOf(run, events));
    telemetry.emitSpan(eventSpan(meta, committed, events.at(-1)?.atMs ?? meta.createdMs));
  }

  return {
    say,
    async sayEffects(run, runEffects) {
      const said = {
        runEffects,
        dagEffects: [],
        poolEffects: [],
        outcome: { kind: "nothing" as const, aggregate: "", why: "" },
        runId: run.meta.runId,
      };
      const again = `:${Math.floor(Date.now() / SAID_AGAIN_MS)}`;
      const [messages = []] = await messagesOf([{ said, cause: "sweeper", first: [] }], again);
      return bus.publish(messages);
    },
  };
}

/** Said by what has no spans, such as a late instance of a long list. */
const isUnsampled = (traceparent: string | undefined): boolean =>
  parseTraceparent(traceparent)?.sampled === false;

function verdictOf(said: Said, dead: string | undefined): Uint8Array {
  const { outcome, runId, paused = false, overlap = false, changedDags = [] } = said;
  const reason = dead ?? (outcome.kind === "nothing" ? outcome.why : "");
  const verdict = create(CommandVerdictSchema, {
    ...{ accepted: dead === undefined, reason, runId, changed: outcome.kind === "moved" },
    ...{ paused, overlap, changedDags: [...changedDags] },
  });
  return toBinary(CommandVerdictSchema, verdict);
}

/** A copy that TASKS refuses is there already, or will be sent by the sweeper; everything else must be stored. */
function isSaid(messages: readonly OutMessage[], outcomes: readonly PublishOutcome[]): boolean {
  return outcomes.every((outcome, index) => {
    if (outcome === "failed") return false;
    return outcome !== "refused" || messages[index]?.subject.startsWith("chasqui.task.") === true;
  });
}
