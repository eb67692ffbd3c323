// What the machine must know of a DAG version to decide about its runs.
// A plan is made once per version (libs/dag compiles it from the DagSpec) and never changes. Conditions are
// closures, so that the machine evaluates expressions without knowing their language.

export type TriggerRule =
  | "all_success"
  | "all_failed"
  | "all_done"
  | "all_done_min_one_success"
  | "all_skipped"
  | "one_success"
  | "one_failed"
  | "one_done"
  | "none_failed"
  | "none_failed_min_one_success"
  | "none_skipped"
  | "always";

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What an expression may read. Outputs are there only for the tasks that the plan says are named. */
export interface Scope {
  readonly run: RunFacts;
  readonly params: Json;
  readonly event: Json;
  readonly tasks: Readonly<Record<string, { readonly state: string; readonly output: Json }>>;
}

/** What never changes about a run. */
export interface RunFacts {
  readonly id: string;
  readonly dagId: string;
  readonly key: string;
  readonly logicalMs: number;
}

export type Evaluated<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface RetryPolicy {
  /** Repeats after the first attempt. */
  readonly max: number;
  readonly backoffMs: number;
  readonly factor: number;
  readonly backoffMsMax: number;
}

export interface PlanTask {
  readonly id: string;
  readonly kind: string;
  /** Indexes of the tasks directly upstream. */
  readonly needs: readonly number[];
  /** Indexes of the tasks directly downstream. */
  readonly next: readonly number[];
  readonly rule: TriggerRule;
  readonly when: ((scope: Scope) => Evaluated<boolean>) | undefined;
  /** Indexes of the tasks whose output `when` names. */
  readonly whenNames: readonly number[];
  readonly retries: RetryPolicy;
  /** 0 means no limit. */
  readonly timeoutMs: number;
  readonly allowFailure: boolean;
  /** Some `when` names this task's output, so the run's state keeps it. */
  readonly outputNamed: boolean;
}

export interface Plan {
  readonly dagId: string;
  readonly fingerprint: string;
  readonly tasks: readonly PlanTask[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** 0 means no limit. */
  readonly timeoutMs: number;
  /** Values of parameters that nobody gave. */
  readonly defaultParams: { readonly [name: string]: Json };
}

/** The kind that the state machine carries out by itself. */
export const NOOP_KIND = "noop";

/** Attempts in all that the policy allows, free repeats apart. */
export const attemptsMaxOf = (task: PlanTask): number => task.retries.max + 1;
