// The whole service as its own process: real nats-server with its permissions, real PostgreSQL, gRPC claims.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { AttemptState, FailureClass, triggerMessage } from "@chasqui/contracts";
import { startServiceProcess } from "@chasqui/runner/testing/process";
import type { ServiceProcess } from "@chasqui/runner/testing/process";
import { startWorld } from "@chasqui/runner/testing/world";
import { expect, test, vi } from "vitest";
import { TestPostgres } from "../../../tests/support/index.ts";

vi.setConfig({ testTimeout: 90_000 }); // processes start and stop, and one lease runs out

const root = resolve(import.meta.dirname, "../../..");
const KIND = "sensor.http";
const main = new URL("./main.ts", import.meta.url);

async function setup({ allowed = "127.0.0.1" } = {}) {
  const stack = new AsyncDisposableStack();
  const world = stack.use(await startWorld());
  const database = stack.use(await TestPostgres.database());
  const outside = { isReady: false, hangs: false, looks: 0, hanging: 0 };
  const server = createServer((_request, response) => {
    outside.looks += 1;
    if (outside.hangs) return void (outside.hanging += 1);
    response.statusCode = outside.isReady ? 200 : 503;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ready: outside.isReady }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const start = async (): Promise<ServiceProcess> => {
    const service = stack.use(
      startServiceProcess(main, {
        CHASQUI_ENVIRONMENT: "local",
        CHASQUI_ENVIRONMENT_FILE: resolve(root, "environments/local.yaml"),
        CHASQUI_NATS_URL: world.nats.url,
        CHASQUI_NATS_USER: "sensor-runner",
        CHASQUI_NATS_PASSWORD: world.passwordOf("sensor-runner"),
        CHASQUI_DATABASE_URL: database.url,
        CHASQUI_STATE_MACHINE: world.stateMachine,
        CHASQUI_SENSOR_PRIVATE_ADDRESSES: allowed,
      }),
    );
    await service.ready();
    return service;
  };
  const config = {
    url: `http://127.0.0.1:${port}/`,
    interval: "100ms",
    expect: { body: "response.body.ready" },
  };
  return { world, outside, config, start, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("a wait from assignment to outcome, over a restart, then a stop without a word too many", async () => {
  await using t = await setup();
  const first = await t.start();
  await t.world.assign({ kind: KIND, config: t.config });
  await t.world.update(({ state }) => state === AttemptState.RUNNING);
  expect(await first.end("SIGTERM")).toBe(0);
  expect(first.logs.filter(({ level }) => level !== "info")).toEqual([]);
  t.outside.isReady = true;
  const second = await t.start();
  const outcome = await t.world.outcome();
  expect(outcome).toMatchObject({
    state: AttemptState.SUCCEEDED,
    outputJson: '{"status":200,"body":{"ready":true}}',
  });
  expect(await second.end("SIGTERM")).toBe(0);
});

test("killed with -9 while it looks: no wait is lost, each ends once", async () => {
  await using t = await setup();
  const first = await t.start();
  const attempts = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const attempt of attempts) await t.world.assign({ kind: KIND, attempt, config: t.config });
  const moment = { delay: "0s" };
  for (const attempt of attempts)
    await t.world.update((one) => one.attempt === attempt && one.state === AttemptState.RUNNING);
  t.outside.hangs = true;
  await expect.poll(() => t.outside.hanging).toBeGreaterThanOrEqual(4); // so many connections to a host
  const late = { kind: "sensor.time", attempt: 9 };
  await first.end("SIGKILL");
  await t.world.assign({ ...late, config: moment });
  t.outside.hangs = false;
  t.outside.isReady = true;
  await t.start();
  for (const attempt of [...attempts, 9])
    expect(await t.world.outcome({ attempt })).toMatchObject({ state: AttemptState.SUCCEEDED });
  const ends = t.world.updates.filter(({ state }) => state > AttemptState.RUNNING);
  expect(ends.map(({ attempt }) => attempt).sort()).toEqual([...attempts, 9]);
});

test("a message ends a wait at once, whatever its interval; one from before the assignment, too", async () => {
  await using t = await setup();
  await t.start();
  const source = await t.world.busOf("admin");
  const publish = async (id: string): Promise<void> => {
    const { subject, headers, body } = triggerMessage({
      source: "logistics",
      name: "routes.closed",
      id,
      data: { id },
    });
    await source.publishOne({ subject, data: body, headers });
  };
  const event = (id: string) => ({
    subject: "logistics.routes.closed",
    when: `event.data.id == '${id}'`,
    interval: "1h",
  });
  await t.world.assign({ kind: "sensor.event", attempt: 1, config: event("e1") });
  await t.world.update(({ state }) => state === AttemptState.RUNNING);
  const looked = (await t.world.update(({ state }) => state === AttemptState.RUNNING)).startedMs;
  await publish("e1");
  const { endedMs, outputJson } = await t.world.outcome({ attempt: 1 });
  expect(endedMs - looked).toBeLessThan(20_000);
  expect(JSON.parse(outputJson)).toMatchObject({ id: "e1", data: { id: "e1" } });
  await t.world.assign({ kind: "sensor.event", attempt: 2, config: event("e1") });
  expect(await t.world.outcome({ attempt: 2 })).toMatchObject({ state: AttemptState.SUCCEEDED });
});

test("an address of ours that the installation does not name is refused", async () => {
  await using t = await setup({ allowed: "" });
  await t.start();
  await t.world.assign({ kind: KIND, config: t.config });
  const { failure } = await t.world.outcome();
  expect(failure).toMatchObject({ class: FailureClass.CONFIG, permanent: true });
  expect(t.outside.looks).toBe(0);
});
