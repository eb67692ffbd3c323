// What one DAG says of runs that start runs: what its trigger waits for, what its tasks start and produce. Plain and
// small, so that it is kept beside a specification and the circles of a thousand DAGs are found without reading them.
import type { DagSpec, TaskSpec, Trigger, TriggerCondition } from "@chasqui/contracts";
import { rootsOfText } from "../cel/referenced-tasks.ts";

/** Where it stands in the DAG as its author writes it; a step into a list is a number. */
export type LinkPath = readonly (string | number)[];

export interface DagLinks {
  readonly dagId: string;
  /** DAGs and assets whose news start a run each time. */
  readonly startedBy: readonly {
    readonly kind: "dag" | "asset";
    readonly name: string;
    readonly path: LinkPath;
  }[];
  /** DAGs whose runs its tasks start. */
  readonly starts: readonly {
    readonly dagId: string;
    readonly task: string;
    /** Under a `when`. */
    readonly conditional: boolean;
    readonly path: LinkPath;
  }[];
  /** Assets that its tasks make new, sorted. */
  readonly produces: readonly string[];
}

/**
 * A trigger that bounds itself is left out, for no circle through it goes on for ever: one with a `rate`, or with a `key`
 * that names nothing of its event. All runs of a circle are about the same moment, so the second round joins the first.
 */
export function linksOf({ id: dagId, triggers, tasks }: DagSpec): DagLinks {
  return {
    dagId,
    startedBy: triggers.flatMap((trigger, index) => {
      const whole = ["triggers", index] as const;
      return isBounded(trigger)
        ? []
        : leavesOf(trigger.on).map((leaf) => {
            const isWhole = trigger.on?.condition.case === leaf.kind;
            return { ...leaf, path: isWhole ? [...whole, leaf.kind] : whole };
          });
    }),
    starts: tasks.flatMap((task) => {
      const child = childOf(task);
      const path = ["tasks", task.id, "with", "dag"];
      const conditional = task.when !== "";
      return child === undefined ? [] : [{ dagId: child, task: task.id, conditional, path }];
    }),
    produces: [...new Set(tasks.flatMap(({ produces }) => produces))].sort(),
  };
}

/** Nothing in it can be a part of a circle. */
export const isUnlinked = ({ startedBy, starts, produces }: DagLinks): boolean =>
  startedBy.length === 0 && starts.length === 0 && produces.length === 0;

const isBounded = ({ rate, key }: Trigger): boolean =>
  rate !== undefined || (key !== "" && !rootsOfText(key).has("event"));

function leavesOf(on: TriggerCondition | undefined): { kind: "dag" | "asset"; name: string }[] {
  switch (on?.condition.case) {
    case "dag":
      return [{ kind: "dag", name: on.condition.value.dagId }];
    case "asset":
      return [{ kind: "asset", name: on.condition.value.name }];
    case "all":
    case "any":
      return on.condition.value.conditions.flatMap(leavesOf);
    default:
      return []; // a message: who publishes it is not known
  }
}

/** The DAG of a `dag.run`; one that an expression gives is not known. */
function childOf({ uses, with: config }: TaskSpec): string | undefined {
  const dag = uses === "dag.run" ? config?.["dag"] : undefined;
  return typeof dag === "string" && !dag.includes("${") ? dag : undefined;
}
