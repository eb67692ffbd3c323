// The door: calls pass through to their owners and back, with everything that belongs to them.
import { AlertService, LogService, ReportService } from "@chasqui/contracts";
import { afterEach, expect, test } from "vitest";
import type { CallContext } from "./call.ts";
import { createGrpcClient } from "./client.ts";
import { forwardGrpc } from "./forward.ts";
import { implementation } from "./implementation.ts";
import { RpcCode, RpcError } from "./rpc-error.ts";
import { serveGrpc } from "./server.ts";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function setUp() {
  const seen: CallContext[] = [];
  const streamEnded = Promise.withResolvers<void>();
  const owner = await serveGrpc({
    port: 0,
    services: [
      implementation(AlertService, {
        listIncidents(_request, context) {
          seen.push(context);
          if (context.reason === "fail") throw new RpcError(RpcCode.NOT_FOUND, "no incident");
          if (context.reason === "hang") return new Promise(() => {});
          return { incidents: [{ dagId: "costs" }] };
        },
      }),
      implementation(LogService, {
        async *tailLogs(_request, { signal }) {
          try {
            for (let attempt = 1; ; attempt++) {
              if (signal.aborted) return;
              yield { batch: { attempt, lines: [{ text: "x".repeat(4_096) }] } };
            }
          } finally {
            streamEnded.resolve();
          }
        },
      }),
    ],
  });
  const address = `127.0.0.1:${owner.port}`;
  const door = await forwardGrpc({
    port: 0,
    routes: [
      { service: AlertService, address },
      { service: LogService, address },
    ],
    local: [implementation(ReportService, { listDeliveries: () => ({}) })],
  });
  const at = `127.0.0.1:${door.port}`;
  const alerts = createGrpcClient(AlertService, at, { principal: "user:ana" });
  const logs = createGrpcClient(LogService, at);
  const reports = createGrpcClient(ReportService, at);
  cleanUps.push(
    () => owner.stop(300),
    () => door.stop(300),
  );
  for (const client of [alerts, logs, reports]) cleanUps.push(() => client.close());
  return { owner, door, alerts, logs, reports, seen, streamEnded: streamEnded.promise };
}

test("a unary call passes with its metadata, and its answer comes back", async () => {
  const { alerts, seen } = await setUp();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const { incidents } = await alerts.listIncidents({}, { reason: "looking", traceparent });
  expect(incidents).toMatchObject([{ dagId: "costs" }]);
  expect(seen[0]).toMatchObject({ principal: "user:ana", reason: "looking", traceparent });
});

test("the owner's error and the caller's deadline pass", async () => {
  const { alerts } = await setUp();
  await expect(alerts.listIncidents({}, { reason: "fail" })).rejects.toMatchObject({
    code: RpcCode.NOT_FOUND,
    message: "no incident",
  });
  await expect(alerts.listIncidents({}, { reason: "hang", timeoutMs: 80 })).rejects.toMatchObject({
    code: RpcCode.DEADLINE_EXCEEDED,
  });
});

test("leaving a stream at the door ends it at its owner", async () => {
  const { logs, streamEnded } = await setUp();
  const seen: number[] = [];
  for await (const { batch } of logs.tailLogs({})) {
    seen.push(batch?.attempt ?? 0);
    if (seen.length === 100) break;
  }
  await streamEnded;
  expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
});

test("the door answers its own services, and says that an owner is away", async () => {
  const { owner, alerts, reports } = await setUp();
  await expect(reports.listDeliveries({})).resolves.toBeDefined();
  await owner.stop(100);
  await expect(alerts.listIncidents({})).rejects.toMatchObject({ code: RpcCode.UNAVAILABLE });
});
