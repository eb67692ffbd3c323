// What the API server promises about objects, through the real client.
import { ApiException, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { podOf, startTestCluster } from "./testing.ts";
import { startKubernetes } from "./server.ts";

const namespace = "default";
const hanging = { "sandbox.chasqui.io/behaviour": "hang" };

async function failure(promise: Promise<unknown>): Promise<{ code: number; body: unknown }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiException) {
      return { code: error.code, body: JSON.parse(String(error.body)) };
    }
    throw error;
  }
  throw new Error("it succeeded: want an ApiException");
}

test("creating twice is 409 AlreadyExists, and the request log counts one create", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "one", annotations: hanging });
  const second = await failure(t.createPod({ name: "one", annotations: hanging }));
  expect(second).toMatchObject({
    code: 409,
    body: { kind: "Status", status: "Failure", reason: "AlreadyExists", details: { name: "one" } },
  });
  expect(Object.fromEntries(t.kube.podCreates())).toEqual({ one: 1 });
  const logged = await (await fetch(`${t.kube.url}/sandbox/requests?method=POST&name=one`)).json();
  expect(logged).toMatchObject({ requests: [{ status: 201 }, { status: 409 }] });
});

test("a pod deleted and created again under the same name counts twice", async () => {
  await using t = await startTestCluster();
  for (let round = 0; round < 2; round++) {
    await t.createPod({ name: "one", annotations: hanging });
    await t.core.deleteNamespacedPod({ namespace, name: "one", gracePeriodSeconds: 0 });
  }
  expect(t.kube.podCreates().get("one")).toBe(2);
});

test("what is wrong with an object is said all at once", async () => {
  await using t = await startTestCluster();
  const body = podOf({ name: "No_Good", labels: { "a b": "x", ok: "?" } });
  body.spec = { containers: [{ name: "", image: "" }], restartPolicy: "Sometimes" };
  const { code, body: status } = await failure(t.core.createNamespacedPod({ namespace, body }));
  expect(code).toBe(422);
  expect(status).toMatchObject({ reason: "Invalid" });
  const text = JSON.stringify(status);
  for (const field of [
    "metadata.name",
    "metadata.labels",
    "spec.containers[0].name",
    "spec.containers[0].image",
    "spec.restartPolicy",
  ]) {
    expect(text).toContain(`"field":"${field}"`);
  }
});

test("generateName gives a fresh name each time", async () => {
  await using t = await startTestCluster();
  const metadata = { generateName: "run-", annotations: hanging };
  const body = { ...podOf({ name: "x" }), metadata };
  const first = await t.core.createNamespacedPod({ namespace, body });
  const second = await t.core.createNamespacedPod({ namespace, body });
  expect(first.metadata?.name).toMatch(/^run-[a-z0-9]{5}$/);
  expect(second.metadata?.name).not.toBe(first.metadata?.name);
});

test("a namespace that is not there is 404, until it is", async () => {
  await using t = await startTestCluster();
  const body = podOf({ name: "x", annotations: hanging });
  const missing = await failure(t.core.createNamespacedPod({ namespace: "team", body }));
  expect(missing).toMatchObject({ code: 404, body: { details: { kind: "namespaces" } } });
  await t.core.createNamespace({ body: { metadata: { name: "team" } } });
  const pod = await t.core.createNamespacedPod({ namespace: "team", body });
  expect(pod.metadata?.namespace).toBe("team");
});

test("a merge patch changes labels and removes with null; a pod's spec stands", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "p", annotations: hanging, labels: { a: "1", b: "2" } });
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const body = { metadata: { labels: { a: null, c: "3" } } };
  const patched = await t.core.patchNamespacedPod({ namespace, name: "p", body }, merge);
  expect(patched.metadata?.labels).toEqual({ b: "2", c: "3" });
  const move = { spec: { restartPolicy: "Always" } };
  const refused = await failure(
    t.core.patchNamespacedPod({ namespace, name: "p", body: move }, merge),
  );
  expect(refused).toMatchObject({ code: 422, body: { reason: "Invalid" } });
  const operations = [{ op: "add", path: "/metadata/labels/d~1e", value: "4" }];
  const added = await t.core.patchNamespacedPod({ namespace, name: "p", body: operations });
  expect(added.metadata?.labels).toEqual({ b: "2", c: "3", "d/e": "4" });
});

test("a write that believed an old version is 409 Conflict", async () => {
  await using t = await startTestCluster();
  const body = { metadata: { name: "c" }, data: { k: "1" } };
  const first = await t.core.createNamespacedConfigMap({ namespace, body });
  const next = { ...first, data: { k: "2" } };
  const second = await t.core.replaceNamespacedConfigMap({ namespace, name: "c", body: next });
  expect(Number(second.metadata?.resourceVersion)).toBeGreaterThan(
    Number(first.metadata?.resourceVersion),
  );
  const stale = { ...first, data: { k: "3" } };
  const late = t.core.replaceNamespacedConfigMap({ namespace, name: "c", body: stale });
  expect(await failure(late)).toMatchObject({ code: 409, body: { reason: "Conflict" } });
});

test("a delete with another uid is 409 and deletes nothing", async () => {
  await using t = await startTestCluster();
  const pod = await t.createPod({ name: "p", annotations: hanging });
  const preconditions = { uid: "11111111-2222-3333-4444-555555555555" };
  const wrong = t.core.deleteNamespacedPod({ namespace, name: "p", body: { preconditions } });
  expect(await failure(wrong)).toMatchObject({ code: 409, body: { reason: "Conflict" } });
  const uid = pod.metadata?.uid ?? "";
  const body = { preconditions: { uid }, gracePeriodSeconds: 0 };
  await t.core.deleteNamespacedPod({ namespace, name: "p", body });
  expect(t.kube.pods()).toEqual([]);
});

test("lists select by label and field", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "a", annotations: hanging, labels: { app: "x", tier: "1" } });
  await t.createPod({ name: "b", annotations: hanging, labels: { app: "x" } });
  await t.createPod({ name: "c", annotations: hanging, labels: { app: "y" } });
  await t.podWhen("c", (pod) => pod.status?.phase === "Running");
  const names = async (query: { labelSelector?: string; fieldSelector?: string }) =>
    (await t.core.listNamespacedPod({ namespace, ...query })).items.map((p) => p.metadata?.name);
  expect(await names({ labelSelector: "app=x" })).toEqual(["a", "b"]);
  expect(await names({ labelSelector: "app in (x, z),!tier" })).toEqual(["b"]);
  expect(await names({ labelSelector: "app notin (x)" })).toEqual(["c"]);
  expect(await names({ labelSelector: "tier" })).toEqual(["a"]);
  expect(await names({ labelSelector: "app!=y" })).toEqual(["a", "b"]);
  expect(await names({ fieldSelector: "metadata.name!=a,status.phase=Running" })).toEqual([
    "b",
    "c",
  ]);
  const unknown = await failure(t.core.listNamespacedPod({ namespace, fieldSelector: "spec.x=1" }));
  expect(unknown.code).toBe(400);
});

test("pages of a list are one snapshot, and 410 once it is forgotten", async () => {
  await using t = await startTestCluster();
  for (const name of ["a", "b", "c", "d"]) await t.createPod({ name, annotations: hanging });
  const first = await t.core.listNamespacedPod({ namespace, limit: 2 });
  expect(first.items.map((pod) => pod.metadata?.name)).toEqual(["a", "b"]);
  expect(first.metadata?.remainingItemCount).toBe(2);
  const _continue = first.metadata?._continue ?? "";
  await t.core.deleteNamespacedPod({ namespace, name: "c", gracePeriodSeconds: 0 });
  await t.createPod({ name: "e", annotations: hanging });
  const second = await t.core.listNamespacedPod({ namespace, limit: 2, _continue });
  expect(second.items.map((pod) => pod.metadata?.name)).toEqual(["c", "d"]);
  expect(second.metadata?._continue).toBeUndefined();
  t.kube.fault({ kind: "compact" });
  await t.createPod({ name: "f", annotations: hanging });
  const late = await failure(t.core.listNamespacedPod({ namespace, limit: 2, _continue }));
  expect(late).toMatchObject({ code: 410, body: { reason: "Expired" } });
});

test("events tell a pod's story", async () => {
  await using t = await startTestCluster();
  const pod = await t.createPod({ name: "story" });
  await t.finished("story");
  const fieldSelector = `involvedObject.name=story,involvedObject.uid=${pod.metadata?.uid}`;
  const events = await t.core.listNamespacedEvent({ namespace, fieldSelector });
  expect(events.items.map((event) => event.reason).toSorted()).toEqual([
    "Pulled",
    "Scheduled",
    "Started",
  ]);
});

test("a scripted API fault is a Status, once", async () => {
  await using t = await startTestCluster();
  t.kube.fault({ kind: "api", status: 429, method: "POST", path: "/pods", retryAfterSeconds: 2 });
  const busy = await failure(t.createPod({ name: "p", annotations: hanging }));
  expect(busy).toMatchObject({ code: 429, body: { details: { retryAfterSeconds: 2 } } });
  await t.createPod({ name: "p", annotations: hanging });
  expect(t.kube.podCreates().get("p")).toBe(1);
});

test("a create whose answer is lost is done, and said again is 409", async () => {
  await using t = await startTestCluster();
  t.kube.fault({ kind: "api", drop: true, afterWork: true, method: "POST", path: "/pods" });
  await expect(t.createPod({ name: "p", annotations: hanging })).rejects.toThrow("fetch failed");
  expect((await failure(t.createPod({ name: "p", annotations: hanging }))).code).toBe(409);
  expect(t.kube.podCreates().get("p")).toBe(1);
  t.kube.fault({ kind: "api", drop: true, method: "POST", path: "/pods" });
  await expect(t.createPod({ name: "q", annotations: hanging })).rejects.toThrow("fetch failed");
  expect(t.kube.podCreates().get("q")).toBeUndefined();
});

test("a fault that is none is 400 and says what is wanted", async () => {
  await using t = await startTestCluster();
  const body = JSON.stringify({ kind: "earthquake" });
  const response = await fetch(`${t.kube.url}/sandbox/faults`, { method: "POST", body });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('want \\"pod\\", \\"api\\"');
});

test("pages of other sites cannot drive it", async () => {
  await using t = await startTestCluster();
  const url = `${t.kube.url}/api/v1/namespaces/default/pods`;
  const body = JSON.stringify(podOf({ name: "evil" }));
  const form = await fetch(url, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body,
  });
  expect(form.status).toBe(415);
  const headers = { "content-type": "application/json", origin: "https://evil.example" };
  expect((await fetch(url, { method: "POST", headers, body })).status).toBe(403);
  expect(t.kube.pods()).toEqual([]);
});

test("a taken port is named, with its setting and what to do", async () => {
  await using t = await startTestCluster();
  const again = startKubernetes({ port: t.kube.port, workDir: "." });
  await expect(again).rejects.toThrow(
    `port ${t.kube.port} for the Kubernetes API is taken: stop what listens on ` +
      `127.0.0.1:${t.kube.port}, or set CHASQUI_SANDBOX_K8S_PORT to another port (0 picks a free one)`,
  );
});
