// What a task waited for before, from its run's history alone: one entry per wait, oldest first. Pure.
// Invariant W1: waits of one attempt do not overlap, and none is longer than its run.
import type { Plan } from "../plan.ts";
import type { Recorded, RunEvent } from "../run/events.ts";

export interface Wait {
  readonly kind:
    | "admission"
    | "upstream"
    | "past"
    | "pool"
    | "timer"
    | "not_accepted"
    | "approval"
    | "child";
  /** For people. */
  readonly text: string;
  readonly fromMs: number;
  /** Absent: it goes on. */
  readonly toMs: number | undefined;
}

const WAITS_MAX = 50;

interface Open {
  readonly kind: Wait["kind"];
  readonly text: string;
  readonly fromMs: number;
}

export function waitsOf(
  plan: Plan,
  history: readonly Recorded[],
  ref: { readonly taskId: string; readonly mapIndex: number },
): Wait[] {
  const walk = new Walk(plan, ref);
  for (const recorded of history) walk.take(recorded);
  return walk.waits().slice(-WAITS_MAX);
}

class Walk {
  readonly #done: Wait[] = [];
  readonly #needs: ReadonlySet<string>;
  readonly #ref: { readonly taskId: string; readonly mapIndex: number };
  #open: Open | undefined;
  /** Who ended last of what it needs. */
  #last = "";
  /** Pools that it has not asked yet, in its order. */
  #pools: string[] = [];

  constructor(plan: Plan, ref: { readonly taskId: string; readonly mapIndex: number }) {
    this.#ref = ref;
    const { needs = [] } = plan.tasks[plan.indexOf.get(ref.taskId) ?? -1] ?? {};
    this.#needs = new Set(needs.map((index) => plan.tasks[index]?.id ?? ""));
  }

  waits(): Wait[] {
    const open = this.#open === undefined ? [] : [{ ...this.#open, toMs: undefined }];
    return [...this.#done.filter(({ fromMs, toMs = fromMs }) => toMs > fromMs), ...open];
  }

  take({ atMs, event }: Recorded): void {
    switch (event.type) {
      case "run_created":
        if (event.admitted) return this.#forUpstream(atMs);
        return this.#wait("admission", "a slot of its DAG", atMs);
      case "run_admitted":
        return this.#forUpstream(atMs);
      case "tasks_cleared":
        if (event.list.some((named) => this.#isOurs(named))) this.#forUpstream(atMs);
        return;
      case "run_settled":
        return this.#close(atMs);
      default:
        if (!("t" in event)) return;
        if (this.#isOurs(event)) this.#ours(event, atMs);
        else if (this.#needs.has(event.t) && ends(event)) this.#last = event.t;
    }
  }

  #ours(event: Extract<RunEvent, { t: string }>, atMs: number): void {
    switch (event.type) {
      case "task_queued":
        this.#pools = event.claims.map(({ pool }) => pool);
        return this.#nextPool(atMs);
      case "slot_granted":
        return this.#nextPool(atMs);
      case "task_held":
        return this.#wait("past", `${event.t} of the run before, ${event.previous}`, atMs);
      case "task_assigned":
        return this.#wait("not_accepted", "a runner to take it", atMs);
      case "child_named":
        return this.#wait("child", `run ${event.child.runId} of DAG ${event.child.dagId}`, atMs);
      case "approval_asked":
        return this.#wait("approval", "an approval", atMs);
      case "attempt_failed":
        if (event.retryMs === undefined) return this.#close(atMs);
        return this.#wait("timer", `the repeat of attempt ${event.a}, which failed`, atMs);
      case "task_accepted":
      case "task_started":
        if (this.#open?.kind !== "child") this.#close(Math.min(atMs, event.acceptedMs));
        return;
      case "task_succeeded":
        return this.#close(
          this.#open?.kind === "not_accepted" ? (event.times?.acceptedMs ?? atMs) : atMs,
        );
      case "task_mapped":
      case "task_skipped":
      case "task_upstream_failed":
      case "task_cancelled":
      case "task_marked":
      case "approval_answered":
        return this.#close(atMs);
      default:
        return;
    }
  }

  #isOurs({ t, i = -1 }: { readonly t: string; readonly i?: number }): boolean {
    return t === this.#ref.taskId && i === this.#ref.mapIndex;
  }

  #forUpstream(atMs: number): void {
    this.#wait("upstream", "what it needs", atMs);
  }

  #nextPool(atMs: number): void {
    const pool = this.#pools.shift();
    if (pool === undefined) this.#close(atMs);
    else this.#wait("pool", `a slot of pool ${pool}`, atMs);
  }

  #wait(kind: Wait["kind"], text: string, fromMs: number): void {
    this.#close(fromMs);
    this.#open = { kind, text, fromMs };
  }

  #close(toMs: number): void {
    const open = this.#open;
    if (open === undefined) return;
    const last = this.#last === "" ? "" : `; ${this.#last} was the last`;
    const text = open.kind === "upstream" ? `${open.text}${last}` : open.text;
    this.#done.push({ ...open, text, toMs: Math.max(open.fromMs, toMs) });
    this.#open = undefined;
  }
}

/** After it whoever waits for the task may go on. */
function ends(event: RunEvent): boolean {
  switch (event.type) {
    case "task_succeeded":
    case "task_skipped":
    case "task_upstream_failed":
    case "task_cancelled":
    case "task_marked":
      return true;
    case "attempt_failed":
      return event.retryMs === undefined;
    default:
      return false;
  }
}
