// DAGs in TypeScript: the YAML form as a value, with types. `defineDag` only gives the types; the compiler judges.
import type { JsonValue } from "@bufbuild/protobuf";
import type { alertWords, catchupWords, overlapWords, triggerRuleWords } from "./compile/words.ts";

export interface RetriesForm {
  readonly max: number;
  /** The wait before the first repeat, for example 30s. */
  readonly backoff?: string;
  readonly factor?: number;
  readonly max_backoff?: string;
}

export interface TaskForm<Id extends string = string> {
  readonly needs?: readonly NoInfer<Id>[];
  /** The task kind, for example k8s.pod. */
  readonly uses: string;
  readonly with?: { readonly [field: string]: JsonValue };
  /** CEL; false skips the task. */
  readonly when?: string;
  readonly trigger_rule?: keyof typeof triggerRuleWords;
  readonly retries?: number | RetriesForm;
  readonly timeout?: string;
  readonly allow_failure?: boolean;
}

export interface DagForm<Id extends string = string> {
  readonly id: string;
  readonly owner?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly schedule?: {
    readonly cron?: string | readonly string[];
    readonly timezone?: string;
    readonly catchup?: keyof typeof catchupWords;
    readonly overlap?: keyof typeof overlapWords;
    readonly start?: string;
    readonly end?: string;
  };
  readonly triggers?: readonly {
    readonly event: { readonly subject: string; readonly when?: string };
    readonly key?: string;
  }[];
  readonly params?: { readonly [keyword: string]: JsonValue };
  readonly defaults?: { readonly retries?: number | RetriesForm; readonly timeout?: string };
  readonly tasks: { readonly [task in Id]: TaskForm<Id> };
  readonly alerts?: readonly {
    readonly on: readonly (keyof typeof alertWords)[];
    readonly slack: string;
  }[];
  readonly max_active_runs?: number;
  readonly timeout?: string;
}

/** A DAG whose `needs` may only name its own tasks: a wrong edge does not type-check. */
export function defineDag<const Id extends string>(dag: DagForm<Id>): DagForm<Id> {
  return dag;
}
