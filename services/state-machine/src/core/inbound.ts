// What the state machine is told, after translate.ts has distrusted it: each message is about one aggregate.
import type { DagMessage, Json, Parent, PoolMessage, RunMessage } from "@chasqui/machine";

export type CauseKind = "schedule" | "trigger" | "manual" | "backfill" | "parent";

/** Facts about a run that StartRun brings and that never change. */
export interface StartFacts {
  readonly runId: string;
  readonly dagId: string;
  readonly key: string;
  readonly logicalMs: number;
  /** Absent: what the DAG's schedule says of the logical time. */
  readonly interval?: { readonly startMs: number; readonly endMs: number };
  readonly causeKind: CauseKind;
  readonly by: string;
  readonly params: Json;
  readonly event: Json;
  readonly traceparent: string | undefined;
  /** The run that it does again. */
  readonly rerunOf?: string | undefined;
  /** The task of another run that wants it. */
  readonly parent?: Parent | undefined;
  /** Why that does not want it any more. */
  readonly unwanted?: string | undefined;
  /** Nor its teardowns. */
  readonly now?: boolean;
}

/** A version of the DAG that a run is to be of, whatever is current. */
export interface Pinned {
  readonly fingerprint: string;
  readonly number: number;
}

/** What becomes of one DAG of a folder: this version is current; or, without one, it is retired. */
export interface FolderChange {
  readonly dagId: string;
  readonly fingerprint: string | undefined;
}

export type Body =
  | { readonly to: "run"; readonly runId: string; readonly message: RunMessage }
  | {
      readonly to: "dag";
      readonly dagId: string;
      readonly kind: "start";
      readonly start: StartFacts;
      readonly pinned?: Pinned | undefined;
    }
  | {
      readonly to: "dag";
      readonly dagId: string;
      readonly kind: "other";
      readonly message: Exclude<DagMessage, { kind: "start" | "apply" | "retire" }>;
    }
  | { readonly to: "folder"; readonly changes: readonly FolderChange[] }
  | { readonly to: "pool"; readonly pool: string; readonly message: PoolMessage };

export interface Inbound {
  /** The message's derived id: the cause of what it changes. */
  readonly id: string;
  readonly redelivered: boolean;
  readonly replyTo: string;
  readonly by: string;
  readonly note: string;
  /** Of ChangeDags: the commit that the files are of. */
  readonly commitId?: string;
  readonly body: Body;
}

type Command = Extract<Body, { to: "run" }> & {
  readonly message: { readonly kind: "cancel" | "clear" | "mark" };
};

/**
 * What a person asks of a run, and may take back by asking for something else: that it was decided is told by the run's
 * history alone, for its state may be as it was before.
 */
export const isCommand = (body: Body): body is Command =>
  body.to === "run" &&
  (body.message.kind === "cancel" || body.message.kind === "clear" || body.message.kind === "mark");

/**
 * The same of DAGs and pools: paused and resumed, applied and rolled back, made larger and smaller. That it was decided
 * is told by the audit of these resources; of what is no order there are none.
 */
export function orderedOf(body: Body): readonly string[] {
  if (body.to === "folder") return body.changes.map(({ dagId }) => `dag/${dagId}`);
  if (body.to === "dag" && body.kind === "other" && body.message.kind === "set_paused")
    return [`dag/${body.dagId}`];
  return body.to === "pool" && body.message.kind === "set" ? [`pool/${body.pool}`] : [];
}

/** What a person asked for: a second time it would undo what was asked for in between. */
export const isOrder = (body: Body): boolean => isCommand(body) || orderedOf(body).length > 0;
