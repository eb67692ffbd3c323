// What a run can be told. translate.ts of the state machine makes these from the bus; nothing else reaches decide.
import type { Json } from "../plan.ts";
import type { Child, Parent } from "./children.ts";
import type { RunEffect } from "./follow.ts";
import type { Failure, MarkState, Question } from "./state.ts";

export type AttemptReport =
  | { readonly state: "accepted" }
  | { readonly state: "running" }
  | { readonly state: "succeeded"; readonly output?: Json }
  | { readonly state: "failed"; readonly failure: Failure }
  | { readonly state: "skipped"; readonly reason: string }
  | { readonly state: "cancelled" };

/** A task, or with an index one instance of it. */
export interface TaskRef {
  readonly taskId: string;
  /** -1 for the task itself, and with it all its instances. */
  readonly mapIndex: number;
}
interface Asked {
  readonly by: string;
  readonly reason: string;
}

export type UpdateMessage = {
  readonly kind: "update";
  readonly attempt: number;
  readonly sequence: number;
  readonly acceptedMs?: number;
  readonly startedMs?: number;
  readonly endedMs?: number;
  readonly link?: string;
  readonly report: AttemptReport;
} & TaskRef;

export type ClearMessage = {
  readonly kind: "clear";
  /** Empty: every task. */
  readonly tasks: readonly TaskRef[];
  readonly upstream: boolean;
  readonly downstream: boolean;
  /** Of these only what failed, was cancelled or had no chance for that. */
  readonly onlyFailed: boolean;
} & Asked;

export type MarkMessage = { readonly kind: "mark"; readonly state: MarkState } & TaskRef & Asked;

/** A person's word on an attempt's question. */
export type AnswerMessage = {
  readonly kind: "answer";
  readonly attempt: number;
  readonly approved: boolean;
  readonly by: string;
  readonly comment: string;
  readonly values: Json;
} & TaskRef;

export type RunMessage =
  | UpdateMessage
  /** `unwanted`: its parent was asked to end before the run was there, and why. */
  | {
      readonly kind: "start";
      readonly admitted: boolean;
      readonly parent?: Parent;
      readonly unwanted?: string | undefined;
    }
  | AnswerMessage
  /** An approval's configuration is rendered: the question is open. */
  | ({
      readonly kind: "open_approval";
      readonly attempt: number;
      readonly question: Question;
    } & TaskRef)
  | { readonly kind: "admit" }
  /** `now`: teardowns and on-exit tasks end, too. */
  | ({ readonly kind: "cancel"; readonly now?: boolean } & Asked)
  | { readonly kind: "timer" }
  | { readonly kind: "continue" }
  | ({ readonly kind: "lose"; readonly attempt: number; readonly evidence: string } & TaskRef)
  /** `place`: which of the attempt's requests it answers. */
  | ({
      readonly kind: "granted";
      readonly attempt: number;
      readonly pool: string;
      readonly place?: number;
    } & TaskRef)
  /** The next run asks what became of a task; `was`: what it may be called here. */
  | {
      readonly kind: "past_asked";
      readonly task: string;
      readonly was?: readonly string[];
      readonly by: string;
    }
  /** A task ended well in the run before. */
  | { readonly kind: "past_done"; readonly task: string }
  /** To itself: the run that an attempt of a dag.run wants. */
  | ({ readonly kind: "child_named"; readonly attempt: number; readonly child: Child } & TaskRef)
  /** A task of another run wants this one, or (`leaves`: why) wants it no more; `now`: its teardowns neither. */
  | {
      readonly kind: "joined";
      readonly parent: Parent;
      readonly leaves?: string | undefined;
      readonly now?: boolean;
    }
  | ClearMessage
  | MarkMessage;

/** What came of a message. `nothing` and `rejected` are believed only after a fresh read of the run. */
export type RunDecision =
  | { readonly kind: "moved"; readonly strays: readonly Stray[] }
  | {
      readonly kind: "nothing";
      readonly why: string;
      readonly strays: readonly Stray[];
      /** What it is answered with. */
      readonly answers?: readonly RunEffect[];
    }
  | { readonly kind: "rejected"; readonly why: string };

export const moved: RunDecision = { kind: "moved", strays: [] };
type Nothing = Extract<RunDecision, { kind: "nothing" }>;
export const nothing = (why: string): Nothing => ({ kind: "nothing", why, strays: [] });
export const rejected = (why: string): RunDecision => ({ kind: "rejected", why });

/** An attempt that speaks although nobody wants it any more: it is answered with a cancel. */
export interface Stray extends TaskRef {
  readonly attempt: number;
}
