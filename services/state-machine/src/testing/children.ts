// Two DAGs for tests: `release` has a task that wants a run of `prices`.
import { create } from "@bufbuild/protobuf";
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import type { OutMessage } from "@chasqui/bus";
import { AttemptState, DagSpecSchema, runIdOf } from "@chasqui/contracts";
import type { Assignment, DagSpec, TaskSpecSchema } from "@chasqui/contracts";
import { expect } from "vitest";
import type { World } from "../testing.ts";
import { report, runner, setup } from "../testing.ts";

export const prices = create(DagSpecSchema, {
  id: "prices",
  maxActiveRuns: 100,
  params: { properties: { day: { type: "string" }, list: { type: "string", default: "all" } } },
  tasks: [{ id: "work", uses: "test.task" }],
});

/** A DAG of one task that wants a run of `prices`. */
export const release = (
  config: JsonObject = {},
  more: Exclude<MessageInitShape<typeof TaskSpecSchema>, { $typeName: string }> = {},
) =>
  create(DagSpecSchema, {
    id: "release",
    maxActiveRuns: 100,
    tasks: [{ id: "child", uses: "dag.run", with: { dag: "prices", ...config }, ...more }],
  });

export async function world(
  spec = release(),
  options: {
    unheardMs?: number;
    engines?: number;
    loses?: (message: OutMessage) => boolean;
    child?: DagSpec;
  } = {},
) {
  const made = await setup(spec, options);
  const { committed } = await made.apply(options.child ?? prices);
  await made.engines(options.engines ?? 1, options.loses);
  await committed;
  return made;
}

export const parentId = runIdOf("release", "k1");
export const ownKey = "release/k1/child#1";
export const childId = runIdOf("prices", ownKey);

export interface RunRow {
  readonly dag: string;
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
}
export const runs = ({ sql }: World) =>
  sql<
    RunRow[]
  >`select dag_id as dag, key, state, reason from state_machine.run order by created_at, dag_id desc`;
export const states = async (w: World) =>
  (await runs(w)).map(({ dag, state }) => `${dag} ${state}`);
export const taskOf = async ({ sql }: World, runId = parentId) => {
  const [row] = await sql<
    {
      state: string;
      attempt: number;
      output: JsonObject | null;
      failure: { class: string; message: string } | null;
      reason: string | null;
    }[]
  >`
    select state, attempt, output, failure, reason from state_machine.task where run_id = ${runId}`;
  return row;
};
export async function until(read: () => Promise<unknown>, want: unknown): Promise<void> {
  await expect.poll(read, { interval: 50 }).toEqual(want);
}

/** A runner of the children's work that says no end by itself. */
export async function works(w: World) {
  const begun = Promise.withResolvers<Assignment>();
  const seen = await runner(w, (a) => {
    begun.resolve(a);
    return [report(a, AttemptState.RUNNING)];
  });
  return { seen, begun: begun.promise };
}
export const says = (state: AttemptState) => (a: Assignment) => [report(a, state)];
