// How each event changes a run's state. The only place that changes it, with evolve-task.ts for those about one task.
// `evolve` works on a draft that belongs to its caller alone; given the same draft and event it always does the same.
import { noteParent } from "./children.ts";
import type { Recorded } from "./events.ts";
import { begin, cancelWaiting, clearSlots, touchCancelled } from "./evolve-run.ts";
import { evolveTask } from "./evolve-task.ts";
import { labelOf, slotNamed } from "./slots.ts";
import type { RunState } from "./state.ts";

export function evolve(draft: RunState, recorded: Recorded): void {
  const { event, atMs, cause } = recorded;
  draft.lastMs = Math.max(draft.lastMs, atMs);
  switch (event.type) {
    case "parent_joined":
    case "parent_left":
      return noteParent(draft, event.parent);
    case "run_created":
      if (event.parent !== undefined) noteParent(draft, event.parent);
      if (event.admitted) begin(draft, atMs);
      return;
    case "run_admitted":
      return begin(draft, atMs);
    case "run_cancelling":
      draft.reason = event.reason === "" ? `cancelled by ${event.by}` : event.reason;
      return cancelWaiting(draft, atMs, { now: event.now === true });
    case "run_timed_out":
      draft.reason = TIMED_OUT;
      return cancelWaiting(draft, atMs, { now: false });
    case "run_woke":
      draft.wakeMs = event.next;
      return;
    case "run_settled":
      draft.status = event.state;
      draft.reason = event.reason ?? draft.reason;
      draft.settledMs = atMs;
      draft.settledBy = cause;
      draft.wakeMs = undefined;
      return;
    case "run_reopened":
      draft.status = "queued";
      draft.reason = draft.settledMs = draft.settledBy = undefined;
      return touchCancelled(draft);
    case "tasks_cleared":
      return clearSlots(draft, event.list, event.of ?? cause);
    default: {
      const slot = slotNamed(draft, event.t, event.i ?? -1);
      if (slot === undefined)
        throw new Error(
          `run ${draft.facts.id}: event ${event.type} names unknown task ${labelOf(event)}`,
        );
      evolveTask(draft, slot, event, { atMs, cause });
    }
  }
}

export const TIMED_OUT = "the run took longer than its timeout";
