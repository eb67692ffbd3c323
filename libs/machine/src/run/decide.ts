// The state machine of runs, as one pure function: decide(draft, message, now) → events.
// `decide` moves its draft along by `evolve` alone, so the draft afterwards is the fold of the history.
// Invariants (each has a property test of the same name):
//   R1. A settled run changes only when a person clears or marks some of its tasks.
//   R2. Only a report for the current attempt, with a higher sequence, changes a task.
//   R3. A message that was decided once decides nothing the second time. (What is due, and that the past is done, are
//       facts: said again, they let go whoever waits for them by now. A clear clears nobody twice; that it is not
//       decided twice, also when what it let go has ended, is told by the run's history: state-machine's inbound.ts.)
//   R4. Attempt n+1 is assigned only after attempt n was seen ended, or declared lost on evidence.
//   R5. Attempt numbers only rise.
//   R6. A run settles exactly when no task is unfinished, and is green only if no failure is left unhandled.
//   R7. A task starts only when its trigger rule allows it.
//   R8. The state rebuilt from rows equals the fold of the history.
//   R9. Never more tasks at work than the run, or a mapping, allows.
//   R10. A question is answered once, after it was asked, by one who may or by the end of its time.
//   R11. A run ends when everything outside does, and again after what failed was done again.
import { decideAnswer, decideOpen } from "./approval.ts";
import { askedBy, decideJoined, decideNamed } from "./children.ts";
import { decideCancel, decideClear, decideMark } from "./commands.ts";
import type { Emit } from "./emit.ts";
import type { Recorded } from "./events.ts";
import { evolve } from "./evolve.ts";
import { goOn } from "./go-on.ts";
import { decideGranted } from "./grants.ts";
import type { RunDecision, RunMessage } from "./messages.ts";
import { moved, nothing } from "./messages.ts";
import { decideAsked, decidePastDone, tellPast } from "./past.ts";
import type { RunState } from "./state.ts";
import { isSettled } from "./state.ts";
import { decideTimer } from "./timers.ts";
import { decideLost, decideUpdate } from "./updates.ts";

export interface Decided {
  readonly decision: RunDecision;
  readonly events: readonly Recorded[];
}

/** What a decision needs beside state and message: time, and the message's id as the cause of its events. */
export interface Moment {
  readonly nowMs: number;
  readonly cause: string;
}

export function decide(draft: RunState, message: RunMessage, moment: Moment): Decided {
  const events: Recorded[] = [];
  // What happens to a settled run is later than its end, so that nobody takes that for the end of what follows.
  const atMs = Math.max(moment.nowMs, draft.lastMs + (isSettled(draft.status) ? 1 : 0));
  const emit: Emit = (event) => {
    const recorded: Recorded = { atMs, cause: moment.cause, event };
    evolve(draft, recorded);
    events.push(recorded);
  };
  const decision = decideMessage(draft, message, emit, { atMs, cause: moment.cause });
  if (decision.kind !== "rejected" && !isSettled(draft.status)) goOn(draft, emit, atMs);
  if (draft.listening.size > 0) tellPast(draft, emit);
  if (events.length > 0 && decision.kind === "nothing")
    return { decision: { kind: "moved", strays: decision.strays }, events };
  return { decision, events };
}

function decideMessage(
  draft: RunState,
  message: RunMessage,
  emit: Emit,
  { atMs, cause }: { readonly atMs: number; readonly cause: string },
): RunDecision {
  switch (message.kind) {
    case "start":
      if (draft.lastMs > 0) return nothing("the run exists");
      return decideStart(draft, message, emit);
    case "admit":
      return decideAdmit(draft, emit, cause);
    case "cancel":
      return decideCancel(draft, message, emit);
    case "clear":
      return decideClear(draft, message, emit, cause);
    case "mark":
      return decideMark(draft, message, emit);
    case "continue":
      return nothing("go on");
    case "timer":
      return isSettled(draft.status)
        ? nothing("the run is settled")
        : decideTimer(draft, emit, atMs);
    case "update":
      return decideUpdate(draft, message, emit, atMs);
    case "granted":
      return decideGranted(draft, message, emit, atMs);
    case "past_asked":
      return decideAsked(draft, message, emit, cause);
    case "past_done":
      return decidePastDone(draft, message, emit, atMs);
    case "open_approval":
      return decideOpen(draft, message, emit, atMs);
    case "answer":
      return decideAnswer(draft, message, emit, atMs);
    case "lose":
      return decideLost(draft, message, emit, atMs);
    case "child_named":
      return decideNamed(draft, message, emit);
    case "joined":
      return decideJoined(draft, message, emit);
    default: {
      const never: never = message;
      throw new TypeError(`message ${JSON.stringify(never)}`);
    }
  }
}

/** Who was admitted after its end holds a slot for nothing: its DAG heard late that it was reopened before. */
function decideAdmit(draft: RunState, emit: Emit, asked: string): RunDecision {
  const { status } = draft;
  if (isSettled(status))
    return { ...nothing(`the run is ${status}`), answers: [{ kind: "tell_dag", asked }] };
  if (status !== "queued") return nothing(`the run is ${status}`);
  emit({ type: "run_admitted" });
  return moved;
}

function decideStart(
  draft: RunState,
  { admitted, parent, unwanted }: Extract<RunMessage, { kind: "start" }>,
  emit: Emit,
): RunDecision {
  if (parent === undefined) {
    emit({ type: "run_created", admitted });
    return moved;
  }
  const left = unwanted === undefined ? {} : { left: true as const };
  emit({ type: "run_created", admitted, parent: { ...parent, started: true, ...left } });
  if (unwanted !== undefined)
    decideCancel(draft, { kind: "cancel", ...askedBy(parent, unwanted) }, emit);
  return moved;
}
