// A run's spans again, from nothing but its history: for a run that was not sampled, or whose spans were lost.
// Invariants:
//   H1. Who also wrote a span live wrote the same one: the same id, name and parent; but what was said of a repeated
//       delivery is below the first one here. Told twice, a history gives the same spans.
//   H2. Of a run that has settled, a span's parent is among them, unless it is outside of what the history knows: the
//       publisher of its trigger, the caller, the task of another run.
//   H3. No span is given twice.
// Mails, alerts, pods and calls are not in a history: their spans exist only if they were written live.
import { attemptIdOf, builtInKinds, updateIdOf } from "@chasqui/contracts";
import type { SpanRecord } from "../spans.ts";
import { formatTraceparent } from "../traceparent.ts";
import { AttemptHistory } from "./attempt-history.ts";
import { originSpans } from "./origin.ts";
import type { Cause } from "./origin.ts";
import {
  attemptOfEvent,
  endsAttempt,
  errorOfEvent,
  eventSpan,
  processedSpan,
  spansEndedBy,
} from "./run-spans.ts";
import type { AttemptOfRun, KnownOfRun, TracedEvent, TracedRun } from "./run-spans.ts";
import { spanIds } from "./span-ids.ts";

/** A run as its owner knows it. */
export interface StoredRun extends TracedRun {
  readonly cause: Cause;
  readonly reason: string | undefined;
  /** The task of another run that started it. */
  readonly parent: (AttemptOfRun & { readonly runId: string }) | undefined;
  /** By task. */
  readonly kinds: ReadonlyMap<string, string>;
}

export interface StoredEvent extends TracedEvent {
  /** The run's version after the commit that wrote it. */
  readonly version: number;
  /** The message that caused it. */
  readonly cause: string;
  readonly event: TracedEvent["event"] & {
    readonly acceptedMs?: number;
    readonly startedMs?: number;
    readonly times?: {
      readonly acceptedMs: number;
      readonly startedMs: number;
      readonly endedMs: number;
    };
  };
}

/** A span, and who writes it. */
export interface ServiceSpan {
  readonly service: string;
  readonly span: SpanRecord;
}

const STATE_MACHINE = "state-machine";
/** What the state machine decides itself: no runner writes spans of it. */
const OWN_KINDS: ReadonlySet<string> = new Set(["noop", "approval", "dag.run", "group"]);
/** An update that the state machine says to itself. */
const OWN_UPDATE = /^att-[0-9a-z]{26}:(unrendered|undecidable|withdrawn)$/;

export class HistorySpans {
  readonly #run: StoredRun;
  readonly #known: KnownOfRun;
  readonly #attempts = new Map<string, AttemptHistory>();
  readonly #causes = new Set<string>();
  /** A run that was reopened settles again: the last span of an id stands. */
  readonly #ofRun = new Map<string, SpanRecord>();
  #commit: { version: number; atMs: number } | undefined;

  constructor(run: StoredRun) {
    const { parent, traceId } = run;
    // A run that is not traced does not name its parent's task.
    const traceparent =
      parent === undefined || run.traceparent?.split("-")[1] !== traceId
        ? run.traceparent
        : formatTraceparent({
            traceId,
            spanId: spanIds.task(attemptIdOf(parent)),
            sampled: true,
          });
    this.#run = { ...run, traceparent };
    this.#known = {
      kindOf: (taskId) => run.kinds.get(taskId) ?? "unknown",
      assignedMs: (of) => this.#attempts.get(this.#idOf(of))?.assignedMs,
      reason: run.reason,
    };
  }

  /** The spans that one more event ends; events come in their order. */
  add(told: StoredEvent): ServiceSpan[] {
    return [...this.#commitBefore(told), ...this.#causedBy(told), ...this.#endedBy(told)];
  }

  /** Those of the whole run, once its history has been told. */
  end(): ServiceSpan[] {
    return [...this.#commitBefore(undefined), ...[...this.#ofRun.values()].map(byStateMachine)];
  }

  #idOf(of: AttemptOfRun): string {
    return attemptIdOf({ runId: this.#run.runId, ...of });
  }

  /** A commit's events are told together; the last one's time is its own. */
  #commitBefore(told: StoredEvent | undefined): ServiceSpan[] {
    const before = this.#commit;
    this.#commit = told;
    return before === undefined || before.version === told?.version
      ? []
      : [byStateMachine(eventSpan(this.#run, before.version, before.atMs))];
  }

  #attempt(of: AttemptOfRun): AttemptHistory {
    const attemptId = this.#idOf(of);
    const known = this.#attempts.get(attemptId);
    if (known !== undefined) return known;
    const kind = this.#known.kindOf(of.taskId);
    const { runId, traceId } = this.#run;
    const ref = { ...of, runId, attemptId };
    const made = new AttemptHistory(ref, { kind, traceId, hasRunner: !OWN_KINDS.has(kind) });
    this.#attempts.set(attemptId, made);
    return made;
  }

  #causedBy(told: StoredEvent): ServiceSpan[] {
    const { cause: id, atMs, event } = told;
    const of = attemptOfEvent(told);
    const attempt = of === undefined ? undefined : this.#attempt(of);
    attempt?.heard(told);
    if (this.#causes.has(id)) return [];
    this.#causes.add(id);
    const times = { startMs: atMs, endMs: atMs };
    const processed = (what: string, parentSpanId?: string): ServiceSpan =>
      byStateMachine(processedSpan(this.#run, { id, what, parentSpanId }, times));
    if (event.type === "run_created") {
      const { spans, parentSpanId } = originSpans(this.#run, id);
      const starting = spans.map((span) => ({ service: "scheduler", span }));
      return [...starting, processed("dag", parentSpanId)];
    }
    const sequence = attempt === undefined ? undefined : sequenceOf(id, attempt.ref.attemptId);
    if (attempt === undefined || sequence === undefined)
      return [processed(OWN_UPDATE.test(id) ? "update" : "run")];
    const update = attempt.update(sequence, told);
    if (update === undefined) return [processed("update")];
    return [{ service: serviceOf(attempt.kind), span: update }, processed("update", update.spanId)];
  }

  #endedBy(told: StoredEvent): ServiceSpan[] {
    const spans = spansEndedBy(this.#run, told, this.#known);
    const of = attemptOfEvent(told);
    if (of === undefined) {
      for (const span of spans) this.#ofRun.set(span.spanId, span);
      return [];
    }
    const own = spans.map(byStateMachine);
    if (!endsAttempt(told)) return own;
    const attempt = this.#attempt(of);
    this.#attempts.delete(attempt.ref.attemptId);
    const ofRunner = attempt.ended(told, errorOfEvent(told));
    return [...own, ...ofRunner.map((span) => ({ service: serviceOf(attempt.kind), span }))];
  }
}

const byStateMachine = (span: SpanRecord): ServiceSpan => ({ service: STATE_MACHINE, span });

/** A runner of somebody else's is known by its kind alone. */
const serviceOf = (kind: string): string =>
  new Map<string, string>(Object.entries(builtInKinds)).get(kind) ?? kind;

/** The sequence of an update of this attempt; undefined for another message. */
function sequenceOf(messageId: string, attemptId: string): number | undefined {
  const sequence = Number(messageId.slice(messageId.lastIndexOf(":u") + 2));
  return updateIdOf(attemptId, sequence) === messageId ? sequence : undefined;
}
