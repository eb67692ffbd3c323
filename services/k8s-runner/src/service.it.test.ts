// The whole service as its own process: real nats-server with its permissions, the stand-in cluster, gRPC claims.
import { resolve } from "node:path";
import { AttemptState } from "@chasqui/contracts";
import { refOf } from "@chasqui/runner/testing";
import { startServiceProcess } from "@chasqui/runner/testing/process";
import type { ServiceProcess } from "@chasqui/runner/testing/process";
import { startWorld } from "@chasqui/runner/testing/world";
import type { World } from "@chasqui/runner/testing/world";
import { startKubernetes } from "@chasqui/sandbox";
import type { KubernetesStandIn } from "@chasqui/sandbox";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const KIND = "k8s.pod";
const main = new URL("./main.ts", import.meta.url);

async function setup() {
  const stack = new AsyncDisposableStack();
  const world = stack.use(await startWorld());
  const kube = stack.use(
    await startKubernetes({ port: 0, workDir: root, namespaces: ["chasqui"] }),
  );
  const start = async (): Promise<ServiceProcess> => {
    const service = stack.use(startServiceProcess(main, environmentOf(world, kube)));
    await service.ready();
    return service;
  };
  return { world, kube, start, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const environmentOf = (world: World, kube: KubernetesStandIn): Record<string, string> => ({
  CHASQUI_ENVIRONMENT: "local",
  CHASQUI_ENVIRONMENT_FILE: resolve(root, "environments/local.yaml"),
  CHASQUI_NATS_URL: world.nats.url,
  CHASQUI_NATS_USER: "k8s-runner",
  CHASQUI_NATS_PASSWORD: world.passwordOf("k8s-runner"),
  CHASQUI_STATE_MACHINE: world.stateMachine,
  KUBECONFIG: kube.kubeconfigPath,
});
const command = (script: string): object => ({ image: "a:1", command: ["node", "-e", script] });

test("a pod from assignment to outcome, then a stop without a word too many", async () => {
  await using t = await setup();
  const service = await t.start();
  await t.world.assign({ kind: KIND, config: command("console.log('hello')") });
  expect(await t.world.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  await expect.poll(() => t.world.logs.at(-1)?.complete).toBe(true);
  expect(t.world.logs.flatMap(({ lines }) => lines.map(({ text }) => text))).toEqual(["hello"]);
  expect(await service.status()).toMatchObject({ service: "k8s-runner", namespace: "chasqui" });
  expect(await service.end("SIGTERM")).toBe(0);
  expect(service.logs.filter(({ level }) => level !== "info")).toEqual([]);
});

test("killed while a pod runs: started again, it reports the pod that it finds", async () => {
  await using t = await setup();
  const first = await t.start();
  await t.world.assign({ kind: KIND, config: command("setTimeout(() => {}, 1500)") });
  await t.world.update(({ state }) => state === AttemptState.RUNNING);
  await first.end("SIGKILL");
  await t.start();
  expect(await t.world.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  expect(t.kube.podCreates().get(refOf({}).attemptId)).toBe(1);
});
