// Health and reflection, asked by a client that is not ours and knows no schema: `buf curl`.
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { AlertService } from "@chasqui/contracts";
import { Health, HealthCheckResponse_ServingStatus as Serving } from "@chasqui/contracts";
import { afterEach, expect, test } from "vitest";
import { startHealth } from "../health.ts";
import { createGrpcClient } from "./client.ts";
import { implementation } from "./implementation.ts";
import { RpcCode } from "./rpc-error.ts";
import { serveGrpc } from "./server.ts";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function setUp() {
  const health = await startHealth({ port: 0, status: () => ({}) });
  const server = await serveGrpc({
    port: 0,
    health,
    services: [
      implementation(AlertService, {
        listIncidents: () => ({ incidents: [{ dagId: "costs", runId: "run-1" }] }),
      }),
    ],
  });
  const client = createGrpcClient(Health, `127.0.0.1:${server.port}`);
  cleanUps.push(
    () => health.stop(0),
    () => server.stop(300),
    () => client.close(),
  );
  return { health, server, client };
}

/** Runs buf curl; `ask` is what comes after the address. */
async function bufCurl(port: number, method: string, ...options: string[]): Promise<string> {
  const buf = createRequire(import.meta.url).resolve("@bufbuild/buf/bin/buf");
  const { stdout } = await promisify(execFile)(process.execPath, [
    buf,
    "curl",
    "--protocol",
    "grpc",
    "--http2-prior-knowledge",
    ...options,
    `http://127.0.0.1:${port}${method}`,
  ]);
  return stdout;
}

test("a client without a schema lists the services and calls one", async () => {
  const { server } = await setUp();
  const services = await bufCurl(server.port, "", "--list-services");
  expect(services.split("\n").filter((line) => line !== "")).toEqual([
    "chasqui.alert.v1.AlertService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
  ]);
  const answer = await bufCurl(server.port, "/chasqui.alert.v1.AlertService/ListIncidents");
  expect(JSON.parse(answer)).toEqual({ incidents: [{ dagId: "costs", runId: "run-1" }] });
});

test("an older client that knows only reflection v1alpha calls one too", async () => {
  const { server } = await setUp();
  const answer = await bufCurl(
    server.port,
    "/chasqui.alert.v1.AlertService/ListIncidents",
    "--reflect-protocol",
    "grpc-v1alpha",
  );
  expect(JSON.parse(answer)).toMatchObject({ incidents: [{ dagId: "costs" }] });
});

test("health says what /readyz says, at once and as a stream", async () => {
  const { health, client } = await setUp();
  expect(await client.check({})).toMatchObject({ status: Serving.NOT_SERVING });
  const watch = client.watch({ service: AlertService.typeName });
  expect((await watch.next()).value).toMatchObject({ status: Serving.NOT_SERVING });
  const change = watch.next();
  health.setReady(true);
  expect((await change).value).toMatchObject({ status: Serving.SERVING });
  expect(await client.check({ service: AlertService.typeName })).toMatchObject({
    status: Serving.SERVING,
  });
  await watch.return();
});

test("a service that is not there is NOT_FOUND to ask and SERVICE_UNKNOWN to watch", async () => {
  const { client } = await setUp();
  await expect(client.check({ service: "nobody" })).rejects.toMatchObject({
    code: RpcCode.NOT_FOUND,
  });
  const watch = client.watch({ service: "nobody" });
  expect((await watch.next()).value).toMatchObject({ status: Serving.SERVICE_UNKNOWN });
  await watch.return();
});

test("a stop ends watchers by itself, before its deadline", async () => {
  const { server, client } = await setUp();
  const watch = client.watch({});
  await watch.next();
  const startMs = performance.now();
  const rest = (async () => {
    for await (const _ of watch);
  })();
  await Promise.all([server.stop(40_000), rest.catch(() => {})]);
  expect(performance.now() - startMs).toBeLessThan(30_000);
});
