// Presses of buttons in Slack: what they say, and what becomes of them.
import { RpcCode, RpcError } from "@chasqui/chassis";
import { expect, test } from "vitest";
import { answerPress, pressOf, seenOnce } from "./slack-actions.ts";

const value = JSON.stringify({ run: "run-1", task: "go", attempt: 2 });
const payload = (changes: object = {}) => ({
  type: "block_actions",
  user: { id: "U024BE7LH", username: "ana", name: "ana" },
  response_url: "https://hooks.slack.com/actions/T1/2/3",
  actions: [{ action_id: "chasqui_reject", value }],
  ...changes,
});
const bodyOf = (of: unknown): Uint8Array =>
  Buffer.from(new URLSearchParams({ payload: JSON.stringify(of) }).toString());

test("a press says who, which question, yes or no", () => {
  expect(pressOf(bodyOf(payload()))).toEqual({
    ...{ userId: "U024BE7LH", userName: "ana", approve: false },
    ...{ run: "run-1", task: "go", attempt: 2 },
    responseUrl: "https://hooks.slack.com/actions/T1/2/3",
  });
  expect(pressOf(bodyOf(payload({ actions: [{ action_id: "open" }] })))).toBe(undefined);
  expect(pressOf(bodyOf([]))).toBe(undefined);
});

test.each([
  ["no user", payload({ user: {} })],
  ["a user that is none", payload({ user: { id: "user:ana" } })],
  ["no question", payload({ actions: [{ action_id: "chasqui_approve", value: "{}" }] })],
  ["a value that is no JSON", payload({ actions: [{ action_id: "chasqui_approve", value: "x" }] })],
])("%s: refused", (_, of) => {
  expect(() => pressOf(bodyOf(of))).toThrow(/no user|no question|no JSON/);
});

test("the answer is in the name of who pressed; who may not is told, alone", async () => {
  const press = pressOf(bodyOf(payload()));
  if (press === undefined) throw new Error("no press");
  const calls: unknown[] = [];
  const whispers: string[] = [];
  const refusals: RpcError[] = [];
  const deps = {
    approvals: {
      answerApproval: (request: unknown, options?: { principal?: string | undefined }) => {
        calls.push([request, options?.principal]);
        const [refusal] = refusals;
        if (refusal !== undefined) return Promise.reject(refusal);
        return Promise.resolve({} as never);
      },
    },
    log: { info() {}, warn() {} },
    whisper: (url: string, text: string) => {
      whispers.push(`${url} ${text}`);
      return Promise.resolve();
    },
  };
  await answerPress(press, deps);
  expect(calls).toEqual([
    [
      {
        ...{ runId: "run-1", task: "go", attempt: 2, approve: false },
        ...{ comment: "in Slack, as ana", values: {} },
      },
      "slack:U024BE7LH",
    ],
  ]);
  expect(whispers).toEqual([]);
  refusals.push(
    new RpcError(RpcCode.PERMISSION_DENIED, "go: slack:U024BE7LH may not answer: want ana"),
  );
  await answerPress(press, deps);
  expect(whispers).toEqual([
    "https://hooks.slack.com/actions/T1/2/3 go: slack:U024BE7LH may not answer: want ana",
  ]);
});

test("a request is taken once, as long as it may come", () => {
  const isFirst = seenOnce(1_000);
  expect([isFirst("a", 0), isFirst("a", 500), isFirst("b", 900)]).toEqual([true, false, true]);
  expect(isFirst("a", 1_001)).toBe(true);
});
