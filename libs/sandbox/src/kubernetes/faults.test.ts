// Scripted misfortune of pods, as a client sees it.
import type { V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { startTestCluster } from "./testing.ts";

const namespace = "default";
const behaviour = (name: string, afterMs?: number): Record<string, string> => ({
  "sandbox.chasqui.io/behaviour": name,
  ...(afterMs === undefined ? {} : { "sandbox.chasqui.io/after-ms": String(afterMs) }),
});
const state = (pod: V1Pod) => pod.status?.containerStatuses?.[0]?.state;

test("image-pull: ErrImagePull, then ImagePullBackOff, never started", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "p", annotations: behaviour("image-pull") });
  const pod = await t.podWhen("p", (one) => state(one)?.waiting?.reason === "ImagePullBackOff");
  expect(pod.status?.phase).toBe("Pending");
  expect(state(pod)?.waiting?.message).toContain("registry.example/x:1");
  await t.core.deleteNamespacedPod({ namespace, name: "p" });
  await expect.poll(() => t.kube.pods()).toEqual([]);
});

test("oom: 137 OOMKilled, at once or after the command has run a while", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "now", annotations: behaviour("oom") });
  const command = ["/bin/sh", "-c", "echo working; sleep 1000"]; // a shell begins in no time
  await t.createPod({ name: "later", command, annotations: behaviour("oom", 500) });
  for (const name of ["now", "later"]) {
    const ended = state(await t.finished(name))?.terminated;
    expect(ended, name).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  }
  expect(await (await t.log("later")).text()).toBe("working\n");
});

test("evict: Failed, reason Evicted, no container statuses", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "p", annotations: behaviour("evict") });
  const pod = await t.finished("p");
  expect(pod.status).toMatchObject({ phase: "Failed", reason: "Evicted" });
  expect(pod.status?.containerStatuses).toBeUndefined();
  expect(pod.status?.conditions?.[0]).toMatchObject({ type: "DisruptionTarget", status: "True" });
});

test("hang: runs until it is deleted; hang-deaf takes the whole grace", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "hang", annotations: behaviour("hang") });
  await t.createPod({ name: "deaf", annotations: behaviour("hang-deaf") });
  for (const [name, exitCode] of [
    ["hang", 143],
    ["deaf", 137],
  ] as const) {
    const running = await t.podWhen(name, (pod) => pod.status?.phase === "Running");
    await t.core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 1 });
    const ended = await t.podWhen(name, (pod) => pod.status?.phase === "Failed", running);
    expect(state(ended)?.terminated?.exitCode).toBe(exitCode);
  }
});

test("unschedulable: Pending with the scheduler's reason", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "p", annotations: behaviour("unschedulable") });
  const pod = await t.podWhen("p", (one) => one.status?.conditions !== undefined);
  expect(pod.status?.conditions?.[0]).toMatchObject({
    type: "PodScheduled",
    reason: "Unschedulable",
  });
  expect(pod.spec?.nodeName).toBeUndefined();
});

test("node-lost: the pod vanishes without an outcome of its container", async () => {
  await using t = await startTestCluster();
  const created = await t.createPod({ name: "p", annotations: behaviour("node-lost") });
  const pod = await t.podWhen("p", (one) => one.status?.reason === "NodeLost", created);
  expect(state(pod)?.terminated).toBeUndefined();
  await expect.poll(() => t.kube.pods()).toEqual([]);
});

test("a script strikes the next pods that match, as often as it says", async () => {
  await using t = await startTestCluster();
  const response = await fetch(`${t.kube.url}/sandbox/faults`, {
    method: "POST",
    body: JSON.stringify({ kind: "pod", behaviour: "oom", labelSelector: "task=a", times: 1 }),
  });
  expect(response.status).toBe(200);
  await t.createPod({ name: "other", labels: { task: "b" } });
  await t.createPod({ name: "first", labels: { task: "a" } });
  await t.createPod({ name: "second", labels: { task: "a" } });
  expect((await t.finished("other")).status?.phase).toBe("Succeeded");
  expect(state(await t.finished("first"))?.terminated?.reason).toBe("OOMKilled");
  expect((await t.finished("second")).status?.phase).toBe("Succeeded");
});

test("a behaviour nobody knows is refused when the pod is created", async () => {
  await using t = await startTestCluster();
  const wrong = t.createPod({ name: "p", annotations: behaviour("explode") });
  await expect(wrong).rejects.toThrow("want one of image-pull, oom, evict");
});
