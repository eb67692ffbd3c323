// What a history knows of one attempt at its runner, as the runner's spans. An attempt that was accepted before it began
// was handed to something outside, a job; the work of any other was the delivery itself. A job that begins at once may
// be told of before it is accepted: then its kind tells.
import { builtInKinds } from "@chasqui/contracts";
import type { SpanRecord } from "../spans.ts";
import { deliverySpan, jobSpan, updateSpan } from "./attempt-spans.ts";
import type { TracedAttempt } from "./attempt-spans.ts";
import type { StoredEvent } from "./history-spans.ts";
import { spanIds } from "./span-ids.ts";

/** How often an assignment was delivered is in no history. */
const FIRST = { deliveryCount: 1 } as const;
/** Built-in kinds whose work is done while the assignment is held. */
const CALLED: ReadonlySet<string> = new Set(["report.email"]);
const isJobKind = (kind: string): boolean => Object.hasOwn(builtInKinds, kind) && !CALLED.has(kind);

export class AttemptHistory {
  readonly ref: TracedAttempt;
  readonly kind: string;
  readonly #traceId: string;
  readonly #hasRunner: boolean;
  assignedMs: number | undefined;
  #acceptedMs: number | undefined;
  #isJob = false;
  /** When "accepted" was decided, of a job. */
  #handedMs: number | undefined;
  #heard = false;

  constructor(
    ref: TracedAttempt,
    of: { readonly kind: string; readonly traceId: string; readonly hasRunner: boolean },
  ) {
    this.ref = ref;
    this.kind = of.kind;
    this.#traceId = of.traceId;
    this.#hasRunner = of.hasRunner;
  }

  /** Notes what the event says of it. */
  heard({ event, atMs }: StoredEvent): void {
    if (event.type === "task_assigned") this.assignedMs = atMs;
    if (event.type === "task_accepted") this.#handedMs = atMs;
    this.#isJob ||=
      event.type === "task_accepted" || (event.type === "task_started" && isJobKind(this.kind));
    this.#acceptedMs ??= event.acceptedMs ?? event.times?.acceptedMs;
  }

  /** An update that told the event; undefined when no runner said it. */
  update(sequence: number, { event, atMs }: StoredEvent): SpanRecord | undefined {
    if (!this.#hasRunner || this.assignedMs === undefined) return undefined;
    this.#heard = true;
    const saidMs = event.times?.endedMs ?? event.startedMs ?? event.acceptedMs ?? atMs;
    const { attemptId } = this.ref;
    const isOfJob = this.#isJob && event.type !== "task_accepted";
    const parentSpanId = isOfJob ? spanIds.job(attemptId) : spanIds.delivery(attemptId, 1);
    const times = { startMs: saidMs, endMs: saidMs };
    return updateSpan(this.ref, sequence, this.#place(parentSpanId), times);
  }

  /** The spans that its last event ends. */
  ended({ event, atMs }: StoredEvent, error: string | undefined): SpanRecord[] {
    if (!this.#heard) return [];
    const assigned = this.#place(spanIds.assigned(this.ref.attemptId));
    const endMs = event.times?.endedMs ?? atMs;
    const startMs = Math.min(this.#acceptedMs ?? endMs, endMs);
    const of = { kind: this.kind, ...FIRST };
    if (!this.#isJob) return [deliverySpan(this.ref, of, assigned, { startMs, endMs, error })];
    const handed = { startMs, endMs: Math.max(startMs, this.#handedMs ?? startMs) };
    return [
      deliverySpan(this.ref, of, assigned, handed),
      jobSpan(this.ref, this.kind, assigned, { startMs, endMs, error }),
    ];
  }

  #place(parentSpanId: string): { traceId: string; parentSpanId: string } {
    return { traceId: this.#traceId, parentSpanId };
  }
}
