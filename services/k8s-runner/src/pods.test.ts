// Attempts as pods: the real client against the stand-in, whose pods really run their command.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AttemptState, FailureClass } from "@chasqui/contracts";
import { refOf } from "@chasqui/runner/testing";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../tests/support/temporary-folder.ts";
import { ANNOTATIONS } from "./core/note.ts";
import { KIND } from "./pod-kind.ts";
import { NAMESPACE, startTestRunner } from "./testing.ts";
import type { TestRunner } from "./testing.ts";

const { attemptId } = refOf({});
const print = (text: string): string => `console.log(${JSON.stringify(text)})`;

describe("a pod that does well", () => {
  test("is accepted, runs, and its output, log and times are reported", async () => {
    await using t = await startTestRunner();
    await using folder = await temporaryFolder("gate");
    await t.replica();
    const gate = join(folder.path, "open");
    const script = `const fs = require("fs");
      ${print("counting")};
      console.error("a warning");
      const waiting = setInterval(() => {
        if (!fs.existsSync(process.env.GATE)) return;
        clearInterval(waiting);
        fs.writeFileSync(process.env.CHASQUI_OUTPUT, JSON.stringify({
          run: process.env.CHASQUI_RUN_ID, attempt: process.env.CHASQUI_ATTEMPT,
          id: process.env.CHASQUI_ATTEMPT_ID, env: process.env.CHASQUI_ENVIRONMENT,
          task: process.env.CHASQUI_TASK_ID, trace: process.env.TRACEPARENT }));
      }, 10)`;
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    const config = { image: "costs:1.4", command: ["node", "-e", script], env: { GATE: gate } };
    expect(await t.assign({ config, traceparent })).toBe("acked");
    await t.update(2);
    writeFileSync(gate, "");
    const outcome = await t.outcome();
    expect(t.bus.updates.map(({ state }) => state)).toEqual([
      AttemptState.ACCEPTED,
      AttemptState.RUNNING,
      AttemptState.SUCCEEDED,
    ]);
    expect(JSON.parse(outcome.outputJson)).toEqual({
      run: refOf({}).runId,
      attempt: "1",
      id: attemptId,
      env: "local",
      task: "work",
      trace: traceparent,
    });
    expect(outcome.link).toBe(`https://k8s.example/${attemptId}`);
    expect(outcome.acceptedMs).toBeGreaterThan(0);
    expect(outcome.startedMs).toBeGreaterThan(0);
    expect(outcome.endedMs).toBeGreaterThanOrEqual(outcome.startedMs);
    expect(t.logTexts().sort()).toEqual(["a warning", "counting"]);
    expect(t.bus.logs.at(-1)?.complete).toBe(true);
  });

  test("says nothing: no output", async () => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({ script: "" });
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED, outputJson: "" });
  });
});

/** The failure that comes of an assignment. */
async function failureOf(t: TestRunner, assign: Parameters<TestRunner["assign"]>[0]) {
  expect(await t.assign(assign)).toBe("acked");
  const { failure } = await t.outcome();
  if (failure === undefined) throw new Error("the attempt did not fail");
  return failure;
}

describe("a pod that fails", () => {
  test("by its exit code: evidence, message and last lines", async () => {
    await using t = await startTestRunner();
    await t.replica();
    const script = `${print("row 7 is bad")};
      require("fs").writeFileSync(process.env.CHASQUI_OUTPUT, "bad row"); process.exitCode = 3`;
    const failure = await failureOf(t, { script });
    expect(failure).toMatchObject({
      class: FailureClass.CODE,
      message: "the command ended with exit code 3: bad row",
      logTail: ["row 7 is bad"],
      neverStarted: false,
      evidence: {
        pod: attemptId,
        node: "sandbox-node",
        phase: "Failed",
        exit_code: 3,
        containers: [{ name: "main", reason: "Error", exit_code: 3 }],
      },
    });
    const events = failure.evidence?.["events"];
    expect(JSON.stringify(events)).toContain('"reason":"Started"');
  });

  test("by an exit code that means nothing to do: skipped", async () => {
    await using t = await startTestRunner();
    await t.replica();
    const config = {
      image: "a",
      command: ["node", "-e", "setTimeout(() => process.exit(99), 300)"],
      skip_on_exit_code: [99],
    };
    await t.assign({ config });
    expect(await t.outcome()).toMatchObject({
      state: AttemptState.SKIPPED,
      reason: "the command ended with exit code 99, which skip_on_exit_code names",
    });
  });

  test.each([
    ["oom", FailureClass.OUT_OF_MEMORY, false],
    ["evict", FailureClass.EVICTED, false],
  ] as const)("by %s", async (behaviour, failureClass, neverStarted) => {
    await using t = await startTestRunner();
    t.kube.fault({ kind: "pod", behaviour, afterMs: 100 });
    await t.replica();
    const failure = await failureOf(t, { script: "setInterval(() => {}, 1000)" });
    expect(failure).toMatchObject({ class: failureClass, neverStarted });
  });

  test("by its timeout, which Kubernetes enforces", async () => {
    await using t = await startTestRunner();
    await t.replica();
    const failure = await failureOf(t, {
      script: "setInterval(() => {}, 1000)",
      timeoutMs: 1_000,
    });
    expect(failure).toMatchObject({
      class: FailureClass.TIMEOUT,
      message: "the pod ran longer than 1 s and was ended",
    });
  });

  test("by an image that cannot be pulled: gone before it is reported", async () => {
    await using t = await startTestRunner();
    t.kube.fault({ kind: "pod", behaviour: "image-pull" });
    await t.replica();
    const failure = await failureOf(t, { script: "" });
    expect(failure).toMatchObject({ class: FailureClass.IMAGE, neverStarted: true });
    expect(failure.message).toMatch(/^ImagePullBackOff: /);
    expect(t.pods()).toEqual([]);
  });

  test("by a secret that is not there", async () => {
    await using t = await startTestRunner();
    await t.replica();
    const config = { image: "a", command: ["true"], secrets: { PASSWORD: "warehouse/password" } };
    const failure = await failureOf(t, { config });
    expect(failure).toMatchObject({
      class: FailureClass.CONFIG,
      neverStarted: true,
      message: 'CreateContainerConfigError: secret "warehouse" not found',
    });
  });

  test("by finding no node in time", async () => {
    await using t = await startTestRunner();
    t.kube.fault({ kind: "pod", behaviour: "unschedulable" });
    const { runner } = await t.replica({ startTimeoutMs: 1_000_000 });
    const failure = failureOf(t, { script: "" });
    await t.update(1);
    t.laterMs = 1_001_000;
    await runner.sweep();
    expect(await failure).toMatchObject({ class: FailureClass.INFRA, neverStarted: true });
    expect(t.pods()).toEqual([]);
  });

  test("by being deleted by somebody else before it could end: lost", async () => {
    await using t = await startTestRunner();
    t.kube.fault({ kind: "pod", behaviour: "hang" });
    await t.replica();
    const failure = failureOf(t, { script: "" });
    await t.update(2);
    await t.api.deleteNamespacedPod({
      name: attemptId,
      namespace: NAMESPACE,
      gracePeriodSeconds: 0,
    });
    expect(await failure).toMatchObject({
      class: FailureClass.LOST,
      message:
        "the pod is gone; it was last seen running on node sandbox-node, and Chasqui did not remove it",
    });
  });

  test("by being refused", async () => {
    await using t = await startTestRunner();
    await t.replica();
    const config = { image: "a", labels: { "not a key!": "x" } };
    const failure = await failureOf(t, { config });
    expect(failure).toMatchObject({ class: FailureClass.CONFIG, permanent: true });
    expect(failure.message).toMatch(/^Kubernetes refuses the pod: /);
  });
});

describe("saying it twice", () => {
  test("a second delivery finds the pod; it was created once", async () => {
    await using t = await startTestRunner();
    await t.replica();
    const script = "setTimeout(() => {}, 300)";
    expect(await t.assign({ script })).toBe("acked");
    expect(await t.assign({ script, deliveryCount: 2 })).toBe("acked");
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    expect(t.kube.podCreates().get(attemptId)).toBe(1);
  });

  test("a bus that stores nothing for a while: reported when it does", async () => {
    await using t = await startTestRunner();
    await t.replica();
    let refusals = 5;
    t.bus.answer = () => (refusals-- > 0 ? "failed" : undefined);
    await t.assign({ script: "" });
    await t.bus.updatesStored(2);
    expect(refusals).toBeLessThan(0);
  });
});

describe("cancel", () => {
  test("is reported when the pod has ended", async () => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({
      script: "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 9)",
    });
    await t.update(2);
    t.bus.cancel(KIND, refOf({}));
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
  });

  test("of a pod that does not listen waits for its grace", async () => {
    await using t = await startTestRunner();
    t.kube.fault({ kind: "pod", behaviour: "hang-deaf" });
    await t.replica();
    await t.assign({ script: "" });
    await t.update(2);
    const askedMs = Date.now();
    t.bus.cancel(KIND, refOf({}));
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
    expect(Date.now() - askedMs).toBeGreaterThanOrEqual(900);
  });

  test("of an attempt that has no pod is answered: there is none", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.bus.cancel(KIND, refOf({}));
    expect(await t.update(1)).toMatchObject({ state: AttemptState.CANCELLED });
  });
});

describe("a replica that dies", () => {
  test("leaves its pods to the next one, which finds them by label", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    await t.assign({ script: `${print("one")}; setTimeout(() => {${print("two")}}, 400)` });
    await t.update(2);
    await first.kill();
    await t.replica();
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    const lines = new Map(
      t.bus.logs.flatMap(({ lines: some }) => some.map(({ counter, text }) => [counter, text])),
    );
    expect([...lines.entries()].sort()).toEqual([
      [1, "one"],
      [2, "two"],
    ]);
    expect(t.kube.podCreates().get(attemptId)).toBe(1);
  });

  test("before it could report an end: the next one reports it", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    await t.assign({ script: "setTimeout(() => {}, 200)" });
    await t.update(2);
    await first.kill();
    await t.cluster.list(); // the pod ends while nobody looks
    await expect.poll(() => t.pods()[0]?.phase).toBe("Succeeded");
    await t.replica();
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    await expect.poll(() => t.pods()[0]?.annotations).toHaveProperty([ANNOTATIONS.reported]);
  });

  test("with another name: its lease is respected, then taken over after the end", async () => {
    await using t = await startTestRunner();
    await t.replica({ me: "host-1" });
    await t.replica({ me: "host-2" });
    await t.assign({ script: `${print("said once")}` });
    await expect.poll(() => t.pods()[0]?.annotations).toHaveProperty([ANNOTATIONS.reported]);
    expect(t.logTexts()).toEqual(["said once"]);
    expect(t.bus.updates.at(-1)?.state).toBe(AttemptState.SUCCEEDED);
  });
});

describe("looking after pods", () => {
  test("a pod of an attempt that nobody wants is removed", async () => {
    await using t = await startTestRunner();
    const { runner } = await t.replica();
    await t.assign({ script: "setInterval(() => {}, 1000)" });
    await t.update(2);
    t.wanted = () => false;
    await runner.sweep();
    expect(t.pods()).toHaveLength(1); // too young to judge
    t.laterMs = 20_000;
    await runner.sweep();
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
    await expect.poll(() => t.pods()).toEqual([]);
  });

  test("a pod is kept until its outcome is confirmed, and a quarter of an hour longer", async () => {
    await using t = await startTestRunner();
    const { runner } = await t.replica();
    await t.assign({ script: "" });
    const annotations = (): object => t.pods()[0]?.annotations ?? {};
    await expect.poll(annotations).toHaveProperty([ANNOTATIONS.reported]);
    const said = t.bus.updates.length;
    t.laterMs = 20_000;
    await runner.sweep(); // still wanted: the outcome is said again, which the bus knows already
    expect(annotations()).not.toHaveProperty([ANNOTATIONS.confirmed]);
    t.wanted = () => false;
    await runner.sweep();
    expect(annotations()).toHaveProperty([ANNOTATIONS.confirmed]);
    t.laterMs += 899_000;
    await runner.sweep();
    expect(t.pods()).toHaveLength(1);
    t.laterMs += 2_000;
    await runner.sweep();
    expect(t.pods()).toEqual([]);
    expect(t.bus.updates).toHaveLength(said);
  });

  test("broken connections and forgotten histories are survived", async () => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({
      script:
        "let n = 0; const i = setInterval(() => { console.log(++n); if (n === 10) clearInterval(i) }, 100)",
    });
    await t.update(2);
    t.kube.fault({ kind: "compact" });
    t.kube.fault({ kind: "cut" });
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    const counters = t.bus.logs.flatMap(({ lines }) => lines.map(({ counter }) => counter));
    expect(t.logTexts()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    expect(counters).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
