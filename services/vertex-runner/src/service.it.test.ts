// The whole service as its own process: real nats-server with its permissions, the stand-in of Vertex AI, gRPC claims.
import { resolve } from "node:path";
import { AttemptState } from "@chasqui/contracts";
import { startServiceProcess } from "@chasqui/runner/testing/process";
import type { ServiceProcess } from "@chasqui/runner/testing/process";
import { startWorld } from "@chasqui/runner/testing/world";
import { startVertex } from "@chasqui/sandbox";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const KIND = "vertex.custom-job";
const main = new URL("./main.ts", import.meta.url);

async function setup() {
  const stack = new AsyncDisposableStack();
  const world = stack.use(await startWorld());
  const google = stack.use(await startVertex({ port: 0 }));
  const start = async (): Promise<ServiceProcess> => {
    const service = stack.use(
      startServiceProcess(main, {
        CHASQUI_ENVIRONMENT: "local",
        CHASQUI_ENVIRONMENT_FILE: resolve(root, "environments/local.yaml"),
        CHASQUI_NATS_URL: world.nats.url,
        CHASQUI_NATS_USER: "vertex-runner",
        CHASQUI_NATS_PASSWORD: world.passwordOf("vertex-runner"),
        CHASQUI_STATE_MACHINE: world.stateMachine,
        CHASQUI_VERTEX_ENDPOINT: google.address,
        CHASQUI_VERTEX_POLL: "50ms",
        CHASQUI_VERTEX_UNSEEN: "200ms",
      }),
    );
    await service.ready();
    return service;
  };
  return { world, google, start, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const job = (ms: number): object => ({
  image: "train:1",
  machine_type: "n1-standard-4",
  labels: { "sandbox-ms": String(ms) },
});

test("a job from assignment to outcome, then a stop without a word too many", async () => {
  await using t = await setup();
  const service = await t.start();
  await t.world.assign({ kind: KIND, config: job(50) });
  expect(await t.world.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  expect(await service.status()).toMatchObject({
    service: "vertex-runner",
    places: ["chasqui-local/us-central1"],
  });
  expect(await service.end("SIGTERM")).toBe(0);
  expect(service.logs.filter(({ level }) => level !== "info")).toEqual([]);
});

test("killed while a job runs: started again, it reports the job that it finds", async () => {
  await using t = await setup();
  const first = await t.start();
  await t.world.assign({ kind: KIND, config: job(1_500) });
  await t.world.update(({ state }) => state === AttemptState.ACCEPTED);
  await first.end("SIGKILL");
  await t.start();
  expect(await t.world.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  expect(t.google.jobs()).toHaveLength(1);
});
