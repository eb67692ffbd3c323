// The port on the stand-in: what the rest of the service takes for granted.
import { KubeError, kubeConfig, readKubernetesConnection } from "@chasqui/kubernetes";
import { TaskFailure } from "@chasqui/runner";
import { quietLog } from "@chasqui/runner/testing";
import { startKubernetes } from "@chasqui/sandbox";
import { expect, test } from "vitest";
import { parsePodConfig } from "../config.ts";
import { podManifest } from "../core/manifest.ts";
import type { PodManifest } from "../core/manifest.ts";
import { refusal } from "./kube-errors.ts";
import { kubeCluster } from "./kube-cluster.ts";

const namespace = "chasqui";

async function setup({ pageMax = 500 } = {}) {
  const kube = await startKubernetes({ port: 0, workDir: ".", namespaces: [namespace] });
  const connection = readKubernetesConnection({ namespace, server: kube.url });
  const cluster = kubeCluster({
    config: kubeConfig(connection),
    namespace,
    selector: "chasqui.io/kind=k8s.pod",
    pageMax,
    log: quietLog,
  });
  return { kube, cluster, [Symbol.asyncDispose]: () => kube.stop() };
}

function podNamed(name: string, config: object = {}): PodManifest {
  return podManifest({
    note: {
      runId: "run-x",
      dagId: "d",
      taskId: "t",
      mapIndex: -1,
      attempt: 1,
      attemptsMax: 1,
      attemptId: name,
      acceptedMs: 1,
      timeoutMs: undefined,
      skipExitCodes: [],
    },
    kind: "k8s.pod",
    environment: "local",
    logicalTime: "2026-01-02T00:00:00Z",
    config: parsePodConfig({ image: "a", command: ["true"], ...config }),
    traceparent: undefined,
    childTraceparent: undefined,
    graceMs: 0,
    follower: { holder: "me", untilMs: 0 },
  });
}

test("lists go on over pages", async () => {
  await using t = await setup({ pageMax: 2 });
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) await t.cluster.create(podNamed(name));
  expect((await t.cluster.list()).map((pod) => pod.name)).toEqual(names);
});

test("a name exists once", async () => {
  await using t = await setup();
  expect(await t.cluster.create(podNamed("a"))).toBe("created");
  expect(await t.cluster.create(podNamed("a"))).toBe("exists");
});

test("a note with an expected version is written only by the quicker one", async () => {
  await using t = await setup();
  await t.cluster.create(podNamed("a", { command: ["sleep", "60"] }));
  const pod = await t.cluster.get("a");
  const expected = { resourceVersion: "1" };
  expect(await t.cluster.annotate("a", { x: "1" }, expected)).toBe("conflict");
  expect(await t.cluster.annotate("a", { x: "1" })).toBe("done");
  expect((await t.cluster.get("a"))?.annotations).toMatchObject({ x: "1" });
  expect(await t.cluster.annotate("nobody", { x: "1" })).toBe("gone");
  expect(await t.cluster.remove({ name: "a", uid: "another" }, {})).toBe("gone");
  expect(await t.cluster.get("a")).toBeDefined();
  expect(await t.cluster.remove({ name: "a", uid: pod?.uid ?? "" }, { graceSeconds: 0 })).toBe(
    "going",
  );
  await expect.poll(() => t.cluster.get("a")).toBeUndefined();
});

test("an API server that is away is worth another try, one that refuses is not", async () => {
  await using t = await setup();
  t.kube.fault({ kind: "api", status: 503, method: "POST" });
  const away = t.cluster.create(podNamed("a"));
  await expect(away).rejects.toThrow(KubeError);
  const refused = t.cluster.create(podNamed("Not A Name"));
  await expect(refused).rejects.toThrow(TaskFailure);
});

test.each([
  [403, 'pods "x" is forbidden: exceeded quota: compute', "quota", false],
  [403, "pods is forbidden: User cannot create resource", "config", false],
  [404, 'namespaces "x" not found', "config", false],
  [422, "Pod is invalid: spec.containers[0].image: Required value", "config", true],
  [400, "bad request", "config", true],
] as const)("%d %s: %s", (code, message, failureClass, permanent) => {
  expect(refusal(new KubeError(message, { code, reason: "R" }))).toMatchObject({
    class: failureClass,
    permanent,
    neverStarted: true,
    evidence: { status: code, reason: "R" },
  });
});

test.each([401, 409, 429, 500, 503, 504])("%d is worth another try", (code) => {
  expect(refusal(new KubeError("later", { code, reason: "" }))).toBeUndefined();
});

test.each([
  [{ namespace: "Not One" }, 'namespace "Not One": want a Kubernetes namespace'],
  [{ server: "not an address" }, 'server "not an address": want an address like'],
])("%j is no connection", (values, why) => {
  expect(() => readKubernetesConnection(values)).toThrow(why);
});
