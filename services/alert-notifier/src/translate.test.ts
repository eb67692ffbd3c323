// Events on the wire, read into notices.
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import { forgetSecrets, maskSecrets } from "@chasqui/chassis";
import {
  FailureClass,
  RunSchema,
  RunSettledSchema,
  RunState,
  TaskFailedSchema,
  TaskRecoveredSchema,
  TaskRetryingSchema,
  TaskState,
} from "@chasqui/contracts";
import { afterEach, expect, test } from "vitest";
import { noticeOf, noticeOfRun } from "./translate.ts";

afterEach(() => forgetSecrets());

const runId = "run-00000000000000000000000001";
const run = {
  runId,
  dagId: "daily",
  dagVersion: 3,
  version: 7,
  environment: "prod",
  key: "2026-11-22",
  logicalTime: timestampFromMs(1_000),
};
const told = { ...run, logicalTime: undefined, logicalMs: 1_000 };
const failure = {
  taskId: "mail",
  mapIndex: -1,
  attempt: 2,
  attemptsMax: 4,
  failure: {
    class: FailureClass.OUT_OF_MEMORY,
    message: "killed: hunter22",
    logTail: ["using hunter22"],
  },
  retryTime: timestampFromMs(5_000),
  link: "http://pod",
};

test("a failure says what, why, which attempt and when again, without known secrets", () => {
  maskSecrets(["hunter22"]);
  const data = toBinary(
    TaskRetryingSchema,
    create(TaskRetryingSchema, { run, failures: [failure] }),
  );
  const { logicalTime: _none, ...ref } = told;
  expect(noticeOf("task-retrying", data)).toEqual({
    what: "task-retrying",
    run: ref,
    failures: [
      {
        taskId: "mail",
        mapIndex: -1,
        attempt: 2,
        attemptsMax: 4,
        failureClass: "out_of_memory",
        message: "killed: [secret]",
        logTail: ["using [secret]"],
        retryMs: 5_000,
        link: "http://pod",
      },
    ],
  });
});

test("a failure without retry, link and reason is whole", () => {
  const bare = { taskId: "a", mapIndex: 3, attempt: 1, attemptsMax: 1 };
  const data = toBinary(TaskFailedSchema, create(TaskFailedSchema, { run, failures: [bare] }));
  expect(noticeOf("task-failed", data)).toMatchObject({
    failures: [{ ...bare, failureClass: "unknown", message: "no reason was given", logTail: [] }],
  });
});

test("a recovery and an end", () => {
  const changes = [{ taskId: "a", mapIndex: -1 }];
  const recovered = toBinary(TaskRecoveredSchema, create(TaskRecoveredSchema, { run, changes }));
  expect(noticeOf("task-recovered", recovered)).toMatchObject({
    tasks: [{ taskId: "a", mapIndex: -1 }],
  });
  const settled = (state: RunState): Uint8Array =>
    toBinary(RunSettledSchema, create(RunSettledSchema, { run, state, reason: "why" }));
  expect(noticeOf("run-settled", settled(RunState.FAILED))).toMatchObject({
    state: "failed",
    reason: "why",
    failures: [],
  });
  expect(() => noticeOf("run-settled", settled(RunState.RUNNING))).toThrow(
    "run-settled: state 2: want succeeded, failed or cancelled",
  );
});

test.each([
  [new Uint8Array([255, 255, 255]), "3 bytes are no chasqui.run.v1.TaskFailed"],
  [new Uint8Array(), "chasqui.run.v1.TaskFailed: run is missing"],
  [
    toBinary(TaskFailedSchema, create(TaskFailedSchema, { run: { ...run, runId: "x" } })),
    'run_id "x": want run-…',
  ],
  [
    toBinary(TaskFailedSchema, create(TaskFailedSchema, { run: { ...run, dagId: "" } })),
    "dag_id is empty",
  ],
])("what cannot be one is rejected: %#", (data, message) => {
  expect(() => noticeOf("task-failed", data)).toThrow(RejectError);
  expect(() => noticeOf("task-failed", data)).toThrow(message);
});

test("a listed run is the notice that its event would have been", () => {
  const { version, environment: _theirs, ...rest } = run;
  const listed = create(RunSchema, {
    ...rest,
    version,
    state: RunState.FAILED,
    reason: "mail failed",
    tasks: [
      { taskId: "mail", mapIndex: -1, state: TaskState.FAILED, attempt: 2, attemptsMax: 4 },
      { taskId: "after", mapIndex: -1, state: TaskState.UPSTREAM_FAILED },
    ],
  });
  expect(noticeOfRun(listed, "prod")).toMatchObject({
    what: "run-settled",
    run: { runId, version: 7, environment: "prod", key: "2026-11-22", logicalMs: 1_000 },
    state: "failed",
    failures: [{ taskId: "mail", attempt: 2 }],
  });
  const running = create(RunSchema, { ...rest, state: RunState.RUNNING });
  expect(noticeOfRun(running, "prod")).toBeUndefined();
});
