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
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** What an expression may read. Outputs are there only for the tasks that the plan says are named. */
export interface Scope {
  readonly run: RunFacts;
  /** The moment of the decision. */
  readonly atMs: number;
  readonly params: Json;
  readonly event: Json;
  readonly tasks: Readonly<Record<string, { readonly state: string; readonly output: Json }>>;
  /** Of an instance: its item and index. */
  readonly item?: Json;
  readonly index?: number;
  /** Of an on-exit task: how the rest of the run ended. */
  readonly exit?: { readonly state: string; readonly failedTasks: readonly string[] };
}

/** What never changes about a run. */
export interface RunFacts {
  readonly id: string;
  readonly dagId: string;
  readonly key: string;
  readonly logicalMs: number;
  /** The run before by logical time, when this one was made; absent for the first, and when no task depends on it. */
  readonly previousRunId?: string;
  /** The data it is about; what its DAG's schedule says of its logical time when absent. */
  readonly interval?: { readonly startMs: number; readonly endMs: number };
  /** What started it, in a word. */
  readonly cause?: string;
}

export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

export interface RetryPolicy {
  /** Repeats after the first attempt. */
  readonly max: number;
  readonly backoffMs: number;
  readonly factor: number;
  readonly backoffMsMax: number;
  /** The first whose condition holds decides. */
  readonly rules: readonly RetryRule[];
}

export interface RetryRule {
  readonly when: (attempt: FailedAttempt) => Evaluated<boolean>;
  readonly outcome: "retry" | "fail" | "skip";
  /** In place of the policy's wait. */
  readonly backoffMs: number | undefined;
  /** The condition as it was written, for people. */
  readonly text: string;
}

export interface FailedAttempt {
  readonly attempt: number;
  readonly failure: {
    readonly class: string;
    readonly message: string;
    readonly evidence?: Json;
  };
}

/** How a task becomes many. */
export interface MapPlan {
  readonly items: (scope: Scope) => Evaluated<readonly Json[]>;
  /** Indexes of the tasks whose output the list names. */
  readonly names: readonly number[];
  /** Instances at work at once; 0 means no limit. */
  readonly parallel: number;
  readonly itemsMax: number;
  /** Plan indexes of what exists once per item: the task itself, or the tasks of the mapped group. */
  readonly members: readonly number[];
}

/** Slots of a pool that an attempt needs before it is assigned. */
export interface ClaimPlan {
  readonly pool: (scope: Scope) => Evaluated<string>;
  readonly slots: number;
  /** Size of a pool that exists only for this limit; absent: the pool is somebody's. */
  readonly size: number | undefined;
}

export type TaskRole = "work" | "setup" | "teardown" | "on_exit";

export interface PlanTask {
  readonly id: string;
  readonly kind: string;
  readonly role: TaskRole;
  /** Indexes of the tasks directly upstream. */
  readonly needs: readonly number[];
  /** Indexes of the tasks directly downstream. */
  readonly next: readonly number[];
  readonly rule: TriggerRule;
  /** Of a teardown: the setups whose success makes it run. */
  readonly setups: readonly number[];
  readonly when: ((scope: Scope) => Evaluated<boolean>) | undefined;
  /** Indexes of the tasks whose output `when` names. */
  readonly whenNames: readonly number[];
  /** `when` reads the item, so each instance has its own answer. */
  readonly whenOfItem: boolean;
  /** Present on what maps: a task with for_each, or the node of a mapped group. */
  readonly map: MapPlan | undefined;
  /** Of what exists once per item: the plan index of what maps it. A mapped task is its own. */
  readonly mapper: number | undefined;
  /** Its place among the mapper's members; 0 otherwise. */
  readonly member: number;
  readonly claims: readonly ClaimPlan[];
  readonly priority: number;
  readonly dependsOnPast: boolean;
  /** Earlier ids: what a run of an older version calls it. */
  readonly was?: readonly string[];
  readonly retries: RetryPolicy;
  /** Longest for one attempt, for all together, and from an attempt's turn to its start; 0 means no limit. */
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly allowFailure: boolean;
  /** Some expression that the machine evaluates names this task's output, so the run's state keeps it. */
  readonly outputNamed: boolean;
  /** Assets that its success makes new. */
  readonly produces: readonly string[];
}

export interface Plan {
  readonly dagId: string;
  readonly fingerprint: string;
  readonly tasks: readonly PlanTask[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** 0 means no limit. */
  readonly timeoutMs: number;
  /** Tasks of one run at work at once; 0 means no limit. */
  readonly maxActiveTasks: number;
  /** Values of parameters that nobody gave. */
  readonly defaultParams: { readonly [name: string]: Json };
  /** Why its runs do not take these parameters, if they do not. */
  readonly refusesParams?: (params: Json) => string | undefined;
  /** The data interval of a run that no tick started, by its logical time. */
  readonly intervalOf?: (logicalMs: number) => { readonly startMs: number; readonly endMs: number };
}

/** Kinds that the state machine carries out by itself. */
export const NOOP_KIND = "noop";
/** A run of another DAG. */
export const CHILD_KIND = "dag.run";
/** A person is asked; the run itself keeps the question. */
export const APPROVAL_KIND = "approval";
/** The node of a mapped group. */
export const GROUP_KIND = "group";

/** Attempts in all that the policy allows, free repeats apart. */
export const attemptsMaxOf = (task: PlanTask): number => task.retries.max + 1;

/** It exists once per item of a mapped group, and has no life of its own before that. */
export const isInner = (task: PlanTask, index: number): boolean =>
  task.mapper !== undefined && task.mapper !== index;

/** It still runs when its run is cancelled. */
export const outlivesCancel = (task: PlanTask): boolean =>
  task.role === "teardown" || task.role === "on_exit";
