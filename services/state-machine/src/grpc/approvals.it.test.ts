// People are asked by a run and answer at the service's door, on real servers, with two engines.
import { create, fromBinary, toJsonString } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { createGrpcClient, openDatabase, serveGrpc } from "@chasqui/chassis";
import type { GrpcClient } from "@chasqui/chassis";
import {
  ApprovalAskedSchema,
  ApprovalClosedSchema,
  ApprovalOutcome,
  ApprovalService,
  DagSpecSchema,
  RunService,
  RunState,
  runIdOf,
} from "@chasqui/contracts";
import type { ApprovalAsked, ApprovalClosed } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { inboxMessage } from "../say/messages.ts";
import type { World } from "../testing.ts";
import { expectRowsEqualHistory, runner, settled, setup, start, succeed } from "../testing.ts";
import { approvalService } from "./approval-service.ts";
import { createAsk } from "./commands.ts";
import { runService } from "./run-service.ts";

type Door = GrpcClient<typeof ApprovalService>;

const FORM: JsonObject = {
  type: "object",
  required: ["amount"],
  properties: { amount: { type: "number", minimum: 1 }, note: { type: "string", default: "-" } },
};

const dag = (config: JsonObject, timeoutMs = 0) =>
  create(DagSpecSchema, {
    id: "prices",
    maxActiveRuns: 100,
    tasks: [
      {
        ...{ id: "publish", uses: "approval", with: { message: "Publish ${run.key}?", ...config } },
        ...(timeoutMs === 0 ? {} : { timeout: durationFromMs(timeoutMs) }),
      },
      { id: "send", uses: "test.task", needs: ["publish"] },
    ],
  });

/** Resolves with the first event of its kind. */
function heard<T>(world: World, what: string, read: (data: Uint8Array) => T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  world.bus.subscribePlain(`chasqui.event.${what}.>`, (data) => resolve(read(data)));
  return promise;
}
const asked = (world: World): Promise<ApprovalAsked> =>
  heard(world, "approval-asked", (data) => fromBinary(ApprovalAskedSchema, data));
const closed = (world: World): Promise<ApprovalClosed> =>
  heard(world, "approval-closed", (data) => fromBinary(ApprovalClosedSchema, data));

async function doors(world: World) {
  const { bus, versions } = world;
  const reads = openDatabase(world.databaseUrl, { connectionsMax: 2, applicationName: "test" });
  world.stack.defer(() => reads.end());
  const db = await reads.drizzle();
  const options = { db, sql: reads.sql, bus, versions, ask: createAsk(bus), clock: Date.now };
  const services = [approvalService(options), runService(options)];
  const grpc = await serveGrpc({ port: 0, host: "127.0.0.1", services });
  world.stack.defer(() => grpc.stop(1_000));
  const address = `127.0.0.1:${grpc.port}`;
  const as = (principal: string): Door => {
    const client = createGrpcClient(ApprovalService, address, { principal });
    world.stack.defer(() => client.close());
    return client;
  };
  const runs = createGrpcClient(RunService, address, { principal: "user:ana" });
  world.stack.defer(() => runs.close());
  return { as, runs };
}

/** A run whose question is open, and Ana at the door. */
async function open(config: JsonObject, timeoutMs = 0) {
  const world = await setup(dag(config, timeoutMs), { unheardMs: 1_000 });
  await runner(world, succeed);
  await world.engines(2);
  const { as, runs } = await doors(world);
  const isAsked = asked(world);
  const isClosed = closed(world);
  const isSettled = settled(world, 1);
  await world.bus.publishOne(start(world.spec, "may"));
  const event = await isAsked;
  const runId = runIdOf("prices", "may");
  const answer = (approve: boolean, more: object = {}, door = as("user:ana")) =>
    door.answerApproval({ runId, task: "publish", approve, ...more });
  const states = async () =>
    Object.fromEntries(
      (
        await world.sql<{ task_id: string; state: string }[]>`
          select task_id, state from state_machine.task where run_id = ${runId}`
      ).map(({ task_id, state }) => [task_id, state]),
    );
  return { world, runId, event, isClosed, isSettled, as, runs, answer, states };
}

const audits = ({ sql }: World) =>
  sql`select principal, action, resource, reason, detail from state_machine.audit
    where resource like 'run/%' order by id`;

test("approved: the question is listed, the form is checked, the answer is the output, and it is audited", async () => {
  const t = await open({ form: FORM, approvers: ["ana"], default: "reject" }, 3_600_000);
  await using _ = t.world;
  expect(t.event.questions).toMatchObject([
    { taskId: "publish", attempt: 1, message: "Publish may?", approvers: ["ana"], form: FORM },
  ]);
  const { approvals, total } = await t.as("user:ben").listApprovals({ dagId: "prices" });
  expect(total).toBe(1);
  expect(approvals).toMatchObject([
    { runId: t.runId, task: "publish", message: "Publish may?", fallback: "reject" },
  ]);
  const [one] = approvals;
  expect(Number(one?.untilTime?.seconds) - Number(one?.askedTime?.seconds)).toBe(3_600);
  await expect(t.answer(true, { values: { amount: 0 } })).rejects.toThrow(
    "publish: `amount`: 0: want a number ≥ 1",
  );
  await expect(t.answer(true)).rejects.toThrow("publish: field `amount`");
  await expect(t.answer(true, { values: { amount: 2 } }, t.as("user:eve"))).rejects.toThrow(
    "publish: user:eve may not answer: want ana",
  );
  expect(await t.states()).toEqual({ publish: "awaiting_approval" });
  const values = { amount: 2 };
  const done = await t.answer(true, { values, comment: "looks right" });
  expect(done).toMatchObject({ state: "succeeded", changed: true, task: "publish" });
  expect([...(await t.isSettled).values()]).toEqual([RunState.SUCCEEDED]);
  expect((await t.isClosed).questions).toMatchObject([
    {
      taskId: "publish",
      outcome: ApprovalOutcome.APPROVED,
      by: "user:ana",
      comment: "looks right",
    },
  ]);
  const [row] = await t.world
    .sql`select output, reason from state_machine.task where run_id = ${t.runId} and task_id = 'publish'`;
  const filled = { amount: 2, note: "-" };
  expect(row).toEqual({
    output: { approved: true, by: "user:ana", comment: "looks right", values: filled },
    reason: "approved by user:ana: looks right",
  });
  expect(await audits(t.world)).toEqual([
    {
      ...{ principal: "user:ana", action: "answer", resource: `run/${t.runId}` },
      reason: "looks right",
      detail: { task: "publish", attempt: 1, approved: true, values: filled },
    },
  ]);
  expect((await t.as("user:ana").listApprovals({})).total).toBe(0);
  await expectRowsEqualHistory(t.world);
});

test("the first answer wins: the same again changes nothing, another hears who was first", async () => {
  const t = await open({});
  await using _ = t.world;
  const door = t.as("user:ben");
  const both = await Promise.allSettled([t.answer(true), t.answer(false, {}, door)]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const first = both[0].status === "fulfilled";
  const word = first ? "approved by user:ana" : "rejected by user:ben";
  const again = first ? t.answer(true) : t.answer(false, {}, door);
  expect(await again).toMatchObject({ changed: false });
  const other = first ? t.answer(false, {}, door) : t.answer(true);
  await expect(other).rejects.toThrow(`publish was ${word} at 20`);
  expect(await audits(t.world)).toHaveLength(1);
  await expectRowsEqualHistory(t.world);
});

test.each([
  ["fail", RunState.FAILED, { publish: "failed", send: "upstream_failed" }],
  ["skip", RunState.SUCCEEDED, { publish: "skipped", send: "skipped" }],
] as const)("rejected with on_reject %s", async (on_reject, state, states) => {
  const t = await open({ on_reject, form: FORM });
  await using _ = t.world;
  await t.answer(false, { comment: "wrong month" }); // a no needs no form
  expect([...(await t.isSettled).values()]).toEqual([state]);
  expect(await t.states()).toEqual(states);
  expect((await t.isClosed).questions[0]?.outcome).toBe(ApprovalOutcome.REJECTED);
  await expectRowsEqualHistory(t.world);
});

test.each([
  ["approve", RunState.SUCCEEDED, ApprovalOutcome.APPROVED],
  ["reject", RunState.FAILED, ApprovalOutcome.REJECTED],
  [undefined, RunState.FAILED, ApprovalOutcome.UNANSWERED],
] as const)("nobody answers in time, and the default is %s", async (fallback, state, outcome) => {
  const t = await open(fallback === undefined ? {} : { default: fallback }, 1_500);
  await using _ = t.world;
  expect([...(await t.isSettled).values()]).toEqual([state]);
  expect((await t.isClosed).questions).toMatchObject([{ outcome, by: "" }]);
  const approved = fallback === "approve";
  const expected =
    fallback === undefined
      ? []
      : [
          {
            ...{ principal: "timeout", action: "answer", resource: `run/${t.runId}` },
            reason: expect.stringMatching(
              new RegExp(`^nobody answered within \\d+ s: the default is ${fallback}$`),
            ) as string,
            detail: { task: "publish", attempt: 1, approved, values: {} },
          },
        ];
  expect(await audits(t.world)).toEqual(expected);
  await expectRowsEqualHistory(t.world);
});

test("a cancelled run asks no more", async () => {
  const t = await open({});
  await using _ = t.world;
  await t.runs.cancelRun({ runId: t.runId, reason: "wrong day", now: false, dryRun: false });
  expect([...(await t.isSettled).values()]).toEqual([RunState.CANCELLED]);
  expect((await t.isClosed).questions[0]?.outcome).toBe(ApprovalOutcome.WITHDRAWN);
  await expect(t.answer(true)).rejects.toThrow(
    "publish does not wait for an approval: it is cancelled",
  );
  await expectRowsEqualHistory(t.world);
});

test("a cleared task asks anew; an answer to what was asked before is refused", async () => {
  const t = await open({});
  await using _ = t.world;
  const again = asked(t.world);
  const clear = { runId: t.runId, upstream: false, downstream: false, onlyFailed: false };
  await t.runs.clearTasks({ ...clear, tasks: ["publish"], reason: "", dryRun: false });
  expect((await again).questions[0]?.attempt).toBe(2);
  await expect(t.answer(true, { attempt: 1 })).rejects.toThrow("attempt 1 is asked no more");
  await t.answer(true, { attempt: 2 });
  expect([...(await t.isSettled).values()]).toEqual([RunState.SUCCEEDED]);
  await expectRowsEqualHistory(t.world);
});

test("a question said twice is asked once", async () => {
  const world = await setup(dag({}), { unheardMs: 1_000 });
  await using _ = world;
  await runner(world, succeed);
  const events = new Set<string>(); // what the sweeper says again is the same
  world.bus.subscribePlain("chasqui.event.approval-asked.>", (data) =>
    events.add(toJsonString(ApprovalAskedSchema, fromBinary(ApprovalAskedSchema, data))),
  );
  const isAsked = asked(world);
  await world.engines(2);
  const { as } = await doors(world);
  const runId = runIdOf("prices", "may");
  await world.bus.publishOne(start(world.spec, "may"));
  await isAsked;
  const ask = {
    ...{ runId, task: { taskId: "publish", mapIndex: -1 }, attempt: 1, message: "Another?" },
    ...{ formJson: "", approvers: [], onReject: "fail", fallback: "", valuesJson: "" },
  };
  await world.bus.publishOne(
    inboxMessage("run", runId, "twice", { case: "openApproval", value: ask }),
  );
  const done = settled(world, 1);
  await as("user:ana").answerApproval({ runId, task: "", approve: true });
  await done;
  expect([...events]).toHaveLength(1);
  await expectRowsEqualHistory(world);
});

test("a question that was lost on its way is said again by the sweeper", async () => {
  const world = await setup(dag({}), { unheardMs: 1_000 });
  await using _ = world;
  let lost = 0;
  await world.engines(1, ({ id = "" }) => {
    const isLost = lost === 0 && id.endsWith(":ask");
    if (isLost) lost += 1;
    return isLost;
  });
  const isAsked = asked(world);
  await world.bus.publishOne(start(world.spec, "may"));
  expect((await isAsked).questions).toHaveLength(1);
  expect(lost).toBe(1);
});

test("a question that cannot be asked is the task's failure, with words", async () => {
  const world = await setup(dag({ approvers: "${run.key}" }));
  await using _ = world;
  await world.engines(1);
  const done = settled(world, 1);
  await world.bus.publishOne(start(world.spec, "may"));
  expect([...(await done).values()]).toEqual([RunState.FAILED]);
  const [row] =
    await world.sql`select failure->>'class' as class, failure->>'message' as message from state_machine.task where task_id = 'publish'`;
  expect(row).toMatchObject({ class: "config" });
  expect(row?.["message"]).toContain("with: `approvers`");
});
