import { create, toBinary } from "@bufbuild/protobuf";
import type { Delivery } from "@chasqui/bus";
import { LogBatchSchema, RunSchema, TaskState, type Run } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { tailLogs, type TailDeps, type TailRequest } from "./tail.ts";

const RUN = "run-0123456789abcdefghjkmnpqrs";
const request: TailRequest = { runId: RUN, taskId: "aggregate", attempt: 0, follow: false };

const runWith = (state: TaskState, attempt: number): Run =>
  create(RunSchema, { runId: RUN, tasks: [{ taskId: "aggregate", mapIndex: -1, state, attempt }] });

function batch(attempt: number, counters: readonly number[], complete = false): Delivery {
  const message = create(LogBatchSchema, {
    attemptId: `att-${attempt}`,
    runId: RUN,
    taskId: "aggregate",
    attempt,
    lines: counters.map((counter) => ({ counter, text: `line ${counter}` })),
    complete,
  });
  const data = toBinary(LogBatchSchema, message);
  return {
    subject: `chasqui.log.${RUN}.aggregate.att-${attempt}`,
    data,
    id: "",
    header: () => undefined,
    deliveryCount: 1,
    streamSequence: 0,
    publishedMs: 0,
    ageMs: 0,
    traceparent: undefined,
    working() {},
  };
}

/** A stream that is read to its end, then followed: `more` comes when it is asked for. */
function world(first: Run, batches: readonly Delivery[]) {
  const later: Delivery[] = [];
  const states: Run[] = [];
  let wake = Promise.withResolvers<void>();
  const ring = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const wait = (signal: AbortSignal): Promise<unknown> =>
    Promise.race([
      wake.promise,
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    ]);
  const deps: TailDeps = {
    log: { warn() {} },
    getRun: () => Promise.resolve(first),
    async *watchRun(_, signal) {
      yield first;
      while (!signal.aborted) {
        const state = states.shift();
        if (state !== undefined) yield state;
        else await wait(signal);
      }
    },
    bus: {
      async *readStream(_, filter, { follow, signal }) {
        expect(filter).toBe(`chasqui.log.${RUN}.aggregate.*`);
        yield* batches;
        while (follow && !signal.aborted) {
          const delivery = later.shift();
          if (delivery !== undefined) yield delivery;
          else await wait(signal);
        }
      },
    },
  };
  return {
    deps,
    publish(delivery: Delivery) {
      later.push(delivery);
      ring();
    },
    become(state: TaskState, attempt: number) {
      states.push(runWith(state, attempt));
      ring();
    },
  };
}

async function read(deps: TailDeps, changes: Partial<TailRequest> = {}): Promise<string[]> {
  const seen: string[] = [];
  for await (const { attempt, lines } of tailLogs(
    { ...request, ...changes },
    deps,
    new AbortController().signal,
  ))
    for (const line of lines)
      seen.push(`${attempt}:${line.counter === 0 ? `(${line.text})` : line.counter}`);
  return seen;
}

const twoAttempts = [batch(1, [1, 2], true), batch(2, [1]), batch(2, [1, 2, 5], true)];

test("the newest attempt, in order, what came twice once, what is missing marked", async () => {
  const { deps } = world(runWith(TaskState.SUCCEEDED, 2), twoAttempts);
  expect(await read(deps)).toEqual(["2:1", "2:2", "2:(lines 3 to 4 are missing)", "2:5"]);
});

test("an attempt by its number", async () => {
  const { deps } = world(runWith(TaskState.SUCCEEDED, 2), twoAttempts);
  expect(await read(deps, { attempt: 1 })).toEqual(["1:1", "1:2"]);
});

test("a task that has not begun has no log yet", async () => {
  const { deps } = world(runWith(TaskState.WAITING, 0), []);
  expect(await read(deps)).toEqual([]);
});

test("a task that is not there is named, with those that are", async () => {
  const { deps } = world(runWith(TaskState.WAITING, 0), []);
  await expect(read(deps, { taskId: "agregate" })).rejects.toThrow(
    /no task "agregate": want one of aggregate/,
  );
});

test("followed, it goes on into the next attempt and ends when the task has ended", async () => {
  const w = world(runWith(TaskState.RUNNING, 1), [batch(1, [1])]);
  const reading = read(w.deps, { follow: true });
  w.publish(batch(1, [2], true));
  w.become(TaskState.RETRYING, 1);
  w.become(TaskState.RUNNING, 2);
  w.publish(batch(2, [1]));
  w.become(TaskState.SUCCEEDED, 2);
  w.publish(batch(2, [2], true));
  expect(await reading).toEqual(["1:1", "1:2", "2:1", "2:2"]);
});

test("followed by its number, an attempt ends with its last batch", async () => {
  const w = world(runWith(TaskState.RUNNING, 1), [batch(1, [1]), batch(1, [2], true)]);
  expect(await read(w.deps, { follow: true, attempt: 1 })).toEqual(["1:1", "1:2"]);
});

test("a task that ends without a last batch ends the following all the same", async () => {
  const w = world(runWith(TaskState.RUNNING, 1), [batch(1, [1])]);
  const reading = read(w.deps, { follow: true });
  w.become(TaskState.FAILED, 1);
  expect(await reading).toEqual(["1:1"]);
});

test("whoever leaves is not waited for", async () => {
  const w = world(runWith(TaskState.RUNNING, 1), [batch(1, [1])]);
  const leaving = new AbortController();
  const seen: number[] = [];
  for await (const { lines } of tailLogs({ ...request, follow: true }, w.deps, leaving.signal)) {
    seen.push(lines.length);
    leaving.abort();
  }
  expect(seen).toEqual([1]);
});
