// What a run can be told. translate.ts of the state machine makes these from the bus; nothing else reaches decide.
import type { Json } from "../plan.ts";
import type { Failure } from "./state.ts";

export type AttemptReport =
  | { readonly state: "accepted" }
  | { readonly state: "running" }
  | { readonly state: "succeeded"; readonly output?: Json }
  | { readonly state: "failed"; readonly failure: Failure }
  | { readonly state: "skipped"; readonly reason: string }
  | { readonly state: "cancelled" };

export type RunMessage =
  | {
      readonly kind: "update";
      readonly taskId: string;
      readonly mapIndex: number;
      readonly attempt: number;
      readonly sequence: number;
      readonly acceptedMs?: number;
      readonly startedMs?: number;
      readonly endedMs?: number;
      readonly link?: string;
      readonly report: AttemptReport;
    }
  | { readonly kind: "start"; readonly admitted: boolean }
  | { readonly kind: "admit" }
  | { readonly kind: "cancel"; readonly by: string; readonly reason: string }
  | { readonly kind: "timer" }
  | { readonly kind: "continue" }
  | {
      readonly kind: "lose";
      readonly taskId: string;
      readonly mapIndex: number;
      readonly attempt: number;
      readonly evidence: string;
    };

/** What came of a message. `nothing` and `rejected` are believed only after a fresh read of the run. */
export type RunDecision =
  | { readonly kind: "moved"; readonly strays: readonly Stray[] }
  | { readonly kind: "nothing"; readonly why: string; readonly strays: readonly Stray[] }
  | { readonly kind: "rejected"; readonly why: string };

/** An attempt that speaks although nobody wants it any more: it is answered with a cancel. */
export interface Stray {
  readonly taskId: string;
  readonly attempt: number;
}
