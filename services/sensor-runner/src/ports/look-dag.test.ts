// Asks a gRPC server that knows a few runs.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RpcCode, RpcError } from "@chasqui/chassis";
import {
  GetDagResponseSchema,
  GetRunResponseSchema,
  ListRunsResponseSchema,
  RunSchema,
  RunState,
  TaskState,
} from "@chasqui/contracts";
import { expect, test } from "vitest";
import type { Seen } from "../core/wait.ts";
import { CannotAsk } from "../kinds/kind.ts";
import { parseDag } from "../kinds/dag.ts";
import { lookAt } from "../testing/look-at.ts";
import { dagLooker } from "./look-dag.ts";
import type { StateMachine } from "./look-dag.ts";

function setup({ isAway = false } = {}) {
  const of = (date: string, key: string, state: RunState) =>
    create(RunSchema, {
      runId: `run-${key}`,
      dagId: "costs",
      key,
      state,
      logicalTime: timestampFromMs(Date.parse(`${date}T12:00:00Z`)),
      tasks: [
        { taskId: "mail", mapIndex: 0, state: TaskState.FAILED },
        { taskId: "mail", mapIndex: -1, state: TaskState.SUCCEEDED, outputJson: '{"mails":3}' },
      ],
    });
  const all = [
    of("2026-01-03", "c", RunState.RUNNING),
    of("2026-01-02", "b", RunState.SUCCEEDED),
    of("2026-01-01", "a", RunState.FAILED),
  ];
  const answer = <T>(value: T): Promise<T> =>
    isAway
      ? Promise.reject(new RpcError(RpcCode.UNAVAILABLE, "the state machine is away"))
      : Promise.resolve(value);
  const none = (what: string): Promise<never> =>
    Promise.reject(new RpcError(RpcCode.NOT_FOUND, `no ${what}`));
  const ms = (time: unknown): number | undefined =>
    time === undefined ? undefined : Number((time as { seconds: bigint }).seconds) * 1_000;
  const stateMachine: StateMachine = {
    runs: {
      listRuns: ({ dagId, logicalFromTime, logicalUntilTime }) => {
        const [from = 0, until = Infinity] = [ms(logicalFromTime), ms(logicalUntilTime)];
        const runs = all.filter((run) => {
          const at = ms(run.logicalTime) ?? 0;
          return run.dagId === dagId && at >= from && at < until;
        });
        return answer(create(ListRunsResponseSchema, { runs: runs.slice(0, 1) }));
      },
      getRun: ({ runId = "" }) => {
        const run = all.find((one) => one.runId === runId || `costs/${one.key}` === runId);
        return run === undefined
          ? none(`run ${runId}`)
          : answer(create(GetRunResponseSchema, { run }));
      },
    },
    dags: {
      getDag: ({ dagId = "" }) =>
        dagId === "unstarted" ? answer(create(GetDagResponseSchema, {})) : none(`DAG ${dagId}`),
    },
  };
  const looker = dagLooker(stateMachine);
  return (config: object): Promise<Seen> =>
    looker.look(parseDag({ dag: "costs", ...config }).of, lookAt());
}

test("a run of a day", async () => {
  const look = setup();
  expect(await look({ date: "2026-01-02" })).toMatchObject({ is: "there", output: { key: "b" } });
  expect(await look({ date: "2026-01-03" })).toMatchObject({ is: "not_yet" });
  expect(await look({ date: "2026-01-01" })).toMatchObject({ is: "over", class: "upstream" });
});

test("a run by its key", async () => {
  const look = setup();
  expect(await look({ key: "b" })).toMatchObject({ is: "there", output: { run_id: "run-b" } });
  expect(await look({ key: "z" })).toMatchObject({
    is: "not_yet",
    note: expect.stringContaining('no run with key "z": its newest is of 2026-01-03T12:00:00Z'),
  });
});

test("a task: the summary of its instances counts", async () => {
  const look = setup();
  expect(await look({ date: "2026-01-02", task: "mail" })).toMatchObject({
    is: "there",
    output: { task: "mail", state: "succeeded", output: { mails: 3 } },
  });
  expect(await look({ date: "2026-01-02", task: "none" })).toMatchObject({ class: "config" });
});

test("a DAG without runs is waited for, one that is not there is a mistake", async () => {
  const look = setup();
  expect(await look({ dag: "unstarted", date: "2026-01-02" })).toMatchObject({
    is: "not_yet",
    note: expect.stringContaining("it has none"),
  });
  const unknown = look({ dag: "nobodys", date: "2026-01-02" });
  await expect(unknown).rejects.toThrow("no DAG nobodys: want one that is applied");
  await expect(unknown).rejects.toBeInstanceOf(CannotAsk);
});

test("a state machine that is away is silence, not an end", async () => {
  for (const config of [{ date: "2026-01-02" }, { key: "b" }]) {
    const asked = setup({ isAway: true })(config);
    await expect(asked).rejects.toThrow("the state machine is away");
    await expect(asked).rejects.not.toBeInstanceOf(CannotAsk);
  }
});
