// The YAML form as TypeScript sees it. Types only: the compiler judges.
import type { JsonValue } from "@bufbuild/protobuf";
import type { FailureClass } from "@chasqui/machine";
import type {
  alertWords,
  catchupWords,
  foldWords,
  gapWords,
  outcomeWords,
  overlapWords,
  retryOutcomeWords,
  runsForWords,
  triggerRuleWords,
} from "../compile/words.ts";
import type { Expr } from "./expr.ts";

/** How often and when a failed attempt is repeated. */
export interface RetriesForm {
  readonly max?: number;
  /** The wait before the first repeat, for example 30s. */
  readonly backoff?: string;
  readonly factor?: number;
  readonly max_backoff?: string;
  /** Only failures of these classes are repeated. */
  readonly on?: readonly FailureClass[];
  /** The first rule whose condition holds decides. */
  readonly rules?: readonly {
    /** CEL over `failure` (class, message, exit_code, evidence) and `attempt`. */
    readonly when: string;
    readonly then: keyof typeof retryOutcomeWords;
    readonly backoff?: string;
  }[];
}

/** What a task, the defaults of a group and those of the DAG have in common. */
export interface SharedForm {
  readonly retries?: number | RetriesForm;
  /** The longest one attempt may take. */
  readonly timeout?: string;
  /** The longest all attempts may take together. */
  readonly total_timeout?: string;
  /** The longest an attempt may take from its turn to its start. */
  readonly start_timeout?: string;
  readonly pool?: string | { readonly name: string; readonly slots?: number };
  /** Who goes first when slots are scarce: higher is sooner. */
  readonly priority?: number;
}

/** JSON, with expressions in it. */
export type Value =
  | JsonValue
  | Expr<unknown>
  | readonly Value[]
  | { readonly [field: string]: Value };

/** A text, maybe with `${…}` in it, or an expression that gives one. */
export type Text = string | Expr<string>;

/** CEL, as a text or as an expression. */
export type Condition = string | boolean | Expr<boolean>;

/** CEL (also as one `${…}`), an expression, or the values themselves. */
export type ListForm = string | Expr<readonly unknown[]> | readonly Value[];

/** What `each`, `zip` and `product` give. */
export interface Mapped {
  readonly item: Expr<unknown>;
  readonly index: Expr<unknown>;
  toJSON(): object;
}

export interface MappingForm {
  /** Instances at work at once. */
  readonly parallel?: number;
  /** What people see of an instance. */
  readonly label?: Text;
  /** Most items. */
  readonly max?: number;
}
export type ForEachForm =
  | ListForm
  | Mapped
  | (MappingForm & { readonly in: ListForm })
  | (MappingForm & { readonly zip: { readonly [name: string]: ListForm } })
  | (MappingForm & { readonly product: { readonly [name: string]: ListForm } });

export interface GroupForm<Id extends string = string, Group extends string = string> {
  readonly description?: string;
  /** The group that it stands in. */
  readonly group?: NoInfer<Group>;
  readonly needs?: readonly NoInfer<Id | Group>[];
  readonly for_each?: ForEachForm;
  readonly trigger_rule?: keyof typeof triggerRuleWords;
  readonly when?: Condition;
  readonly defaults?: SharedForm;
}

export interface TaskForm<
  Id extends string = string,
  Group extends string = string,
> extends SharedForm {
  readonly description?: string;
  readonly group?: NoInfer<Group>;
  readonly needs?: readonly NoInfer<Id | Group>[];
  /** The task kind, for example k8s.pod. */
  readonly uses: string;
  readonly with?: { readonly [field: string]: Value };
  /** CEL; false skips the task. */
  readonly when?: Condition;
  readonly trigger_rule?: keyof typeof triggerRuleWords;
  readonly for_each?: ForEachForm;
  readonly setup?: boolean;
  /** The setups that it takes away. */
  readonly teardown?: readonly NoInfer<Id>[];
  readonly on_exit?: boolean;
  readonly allow_failure?: boolean;
  readonly max_active?: number;
  readonly concurrency?: { readonly key: Text; readonly max?: number };
  readonly depends_on_past?: boolean;
  readonly produces?: readonly string[];
  readonly was?: readonly string[];
}

export type ExcludeForm = string | { readonly file: string };

type RunOutcomeForm = keyof typeof outcomeWords;

/** What a trigger waits for: exactly one of these. */
export type ConditionForm =
  | { readonly event: { readonly subject: string; readonly when?: string } }
  | {
      readonly dag:
        | string
        | {
            readonly id: string;
            readonly state?: RunOutcomeForm | readonly RunOutcomeForm[];
            readonly when?: string;
          };
    }
  /** A name, or several: `orders && (routes || depots)`. */
  | { readonly asset: string }
  | { readonly all: readonly ConditionForm[] }
  | { readonly any: readonly ConditionForm[] };

export type TriggerForm = ConditionForm & {
  /** One run per key, for example ${run.date}. */
  readonly key?: string;
  readonly params?: { readonly [name: string]: JsonValue };
  readonly batch?: { readonly window: string; readonly quiet?: string; readonly max?: number };
  readonly rate?: { readonly max: number; readonly per: string };
  /** With `all`: how long one waits for the others. */
  readonly within?: string;
};

/** Everything but tasks and groups. */
export interface DagHead {
  readonly id: string;
  readonly owner?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly schedule?: {
    /** Five fields, six with seconds, a preset, @once or @continuous. */
    readonly cron?: string | readonly string[];
    /** An interval of real time, for example 15m. */
    readonly every?: string;
    readonly anchor?: string;
    readonly dates?: readonly string[];
    readonly timezone?: string;
    readonly start?: string;
    readonly end?: string;
    /** Days without ticks, for example 2026-12-25 or 12-25, or a file of them. */
    readonly exclude?: ExcludeForm | readonly ExcludeForm[];
    readonly gap?: keyof typeof gapWords;
    readonly fold?: keyof typeof foldWords;
    readonly jitter?: string;
    readonly runs_for?: keyof typeof runsForWords;
    readonly key?: string;
    readonly catchup?: keyof typeof catchupWords;
    readonly catchup_window?: string;
    readonly overlap?: keyof typeof overlapWords;
  };
  readonly triggers?: readonly TriggerForm[];
  readonly params?: { readonly [keyword: string]: JsonValue };
  readonly defaults?: SharedForm;
  readonly alerts?: readonly {
    readonly on: readonly (keyof typeof alertWords)[];
    readonly slack: string;
  }[];
  readonly max_active_runs?: number;
  readonly max_active_tasks?: number;
  readonly auto_pause_after?: number;
  readonly timeout?: string;
  readonly was?: readonly string[];
}

export interface DagBody<Id extends string = string, Group extends string = string> {
  readonly groups?: { readonly [group in Group]: GroupForm<Id, Group> };
  readonly tasks: { readonly [task in Id]: TaskForm<Id, Group> };
}

export interface DagForm<Id extends string = string, Group extends string = string>
  extends DagHead, DagBody<Id, Group> {}
