// Calls over a real connection: typed answers, errors, context, streams that wait and end, spans, the stop.
import { ListIncidentsResponseSchema, LogService, AlertService } from "@chasqui/contracts";
import { create } from "@bufbuild/protobuf";
import { afterEach, expect, test } from "vitest";
import { noTelemetry, type SpanRecord } from "../spans.ts";
import type { CallContext } from "./call.ts";
import { createGrpcClient } from "./client.ts";
import { implementation, type Handlers } from "./implementation.ts";
import { RpcCode, RpcError } from "./rpc-error.ts";
import { serveGrpc, type GrpcServerOptions } from "./server.ts";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface SetUp {
  readonly alerts?: Handlers<typeof AlertService>;
  readonly logs?: Handlers<typeof LogService>;
  readonly options?: Partial<GrpcServerOptions>;
}

async function setUp({ alerts, logs, options = {} }: SetUp) {
  const services = [
    ...(alerts === undefined ? [] : [implementation(AlertService, alerts)]),
    ...(logs === undefined ? [] : [implementation(LogService, logs)]),
  ];
  const server = await serveGrpc({ port: 0, services, ...options });
  const address = `127.0.0.1:${server.port}`;
  const alertClient = createGrpcClient(AlertService, address, { principal: "service:test" });
  const logClient = createGrpcClient(LogService, address);
  cleanUps.push(
    () => server.stop(300),
    () => alertClient.close(),
    () => logClient.close(),
  );
  return { server, address, alertClient, logClient };
}

test("a unary call carries the typed request, principal and reason, and answers the typed response", async () => {
  let seen: CallContext | undefined;
  const { alertClient } = await setUp({
    alerts: {
      listIncidents(_request, context) {
        seen = context;
        return create(ListIncidentsResponseSchema, { incidents: [{ dagId: "costs" }] });
      },
    },
  });
  const reason = "el pan está 100% caliente";
  const { incidents } = await alertClient.listIncidents({}, { principal: "user:ana", reason });
  expect(incidents.map(({ dagId }) => dagId)).toEqual(["costs"]);
  expect(seen).toMatchObject({ principal: "user:ana", reason });
  await alertClient.listIncidents({});
  expect(seen).toMatchObject({ principal: "service:test", reason: undefined });
});

test("an RpcError arrives as it was thrown; another error arrives as INTERNAL without its text", async () => {
  const errors: Error[] = [
    new RpcError(RpcCode.NOT_FOUND, "no incident inc-1"),
    new Error("password is hunter2"),
  ];
  const { alertClient } = await setUp({
    alerts: { listIncidents: () => Promise.reject(errors.shift()) },
  });
  const first = await alertClient.listIncidents({}).catch((error: unknown) => error);
  expect(first).toBeInstanceOf(RpcError);
  expect(first).toMatchObject({ code: RpcCode.NOT_FOUND, message: "no incident inc-1" });
  const second = await alertClient.listIncidents({}).catch((error: unknown) => error);
  expect(second).toMatchObject({ codeName: "INTERNAL", message: "internal error" });
});

test.each<[string, string, RegExp]>([
  [
    "many lines",
    Array.from({ length: 900 }, (_, i) => `dag-${i}: ¿qué?`).join("\n"),
    /^dag-0[^]*\n… and \d+ more lines$/,
  ],
  ["one line", "é".repeat(30_000), /^é+… \(\d+ more characters\)$/],
])("an error too long for a header arrives as far as it fits: %s", async (_, text, arrives) => {
  const { alertClient } = await setUp({
    alerts: { listIncidents: () => Promise.reject(new RpcError(RpcCode.INVALID_ARGUMENT, text)) },
  });
  const thrown = await alertClient.listIncidents({}).catch((error: unknown) => error);
  expect(thrown).toMatchObject({
    codeName: "INVALID_ARGUMENT",
    message: expect.stringMatching(arrives),
  });
});

test("a deadline aborts the handler's signal and rejects the call", async () => {
  const aborted = Promise.withResolvers<void>();
  let begun = false;
  const { alertClient } = await setUp({
    alerts: {
      async listIncidents(_request, { signal }) {
        begun = true;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        aborted.resolve();
        return {};
      },
    },
  });
  for (let timeoutMs = 60; !begun; timeoutMs *= 2) {
    const call = alertClient.listIncidents({}, { timeoutMs }); // one that is over on its way begins nothing
    await expect(call).rejects.toMatchObject({ code: RpcCode.DEADLINE_EXCEEDED });
  }
  await aborted.promise;
});

test("the caller's signal cancels a call", async () => {
  const begun = Promise.withResolvers<void>();
  const { alertClient } = await setUp({
    alerts: {
      async listIncidents(_request, { signal }) {
        begun.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return {};
      },
    },
  });
  const controller = new AbortController();
  const call = alertClient.listIncidents({}, { signal: controller.signal });
  await begun.promise;
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: RpcCode.CANCELLED });
  await expect(alertClient.listIncidents({}, { signal: controller.signal })).rejects.toMatchObject({
    code: RpcCode.CANCELLED,
  });
});

test("a server stream arrives whole and in order", async () => {
  const { logClient } = await setUp({
    logs: {
      async *tailLogs() {
        for (let attempt = 1; attempt <= 500; attempt++) yield { batch: { attempt } };
      },
    },
  });
  const seen: number[] = [];
  for await (const { batch } of logClient.tailLogs({})) seen.push(batch?.attempt ?? 0);
  expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
});

test("a reader that stops reading stops the writer, and breaking off ends it", async () => {
  const ended = Promise.withResolvers<void>();
  let written = 0;
  const { logClient } = await setUp({
    logs: {
      async *tailLogs() {
        try {
          for (;;) {
            written += 1;
            yield { batch: { lines: [{ text: "x".repeat(16_384) }] } };
          }
        } finally {
          ended.resolve();
        }
      },
    },
  });
  for await (const _ of logClient.tailLogs({})) break;
  await ended.promise;
  expect(written).toBeLessThan(2_000); // unbounded, it would have gone on for ever
});

test("a stream's error arrives after what was sent before", async () => {
  const { logClient } = await setUp({
    logs: {
      async *tailLogs() {
        yield { batch: { attempt: 1 } };
        throw new RpcError(RpcCode.NOT_FOUND, "no run run-1");
      },
    },
  });
  const seen: unknown[] = [];
  const read = async (): Promise<void> => {
    for await (const message of logClient.tailLogs({})) seen.push(message);
  };
  await expect(read()).rejects.toMatchObject({ name: "RpcError", code: RpcCode.NOT_FOUND });
  expect(seen).toHaveLength(1);
});

test("a call of a sampled trace becomes a server span, whose id the handler passes on", async () => {
  const spans: SpanRecord[] = [];
  const telemetry = {
    ...noTelemetry,
    enabled: true,
    emitSpan: (span: SpanRecord) => void spans.push(span),
  };
  let traceparent: string | undefined;
  const { alertClient } = await setUp({
    options: { telemetry },
    alerts: {
      listIncidents(_request, context) {
        traceparent = context.traceparent;
        throw new RpcError(RpcCode.NOT_FOUND, "nothing");
      },
    },
  });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const call = (flags: string) =>
    alertClient.listIncidents({}, { traceparent: `00-${traceId}-b7ad6b7169203331-${flags}` });
  await expect(call("00")).rejects.toThrow("nothing");
  expect(spans).toEqual([]);
  expect(traceparent).toBe(`00-${traceId}-b7ad6b7169203331-00`);
  await expect(call("01")).rejects.toThrow("nothing");
  expect(spans).toMatchObject([
    {
      traceId,
      parentSpanId: "b7ad6b7169203331",
      name: "chasqui.alert.v1.AlertService/ListIncidents",
      kind: "server",
      attributes: { "rpc.system.name": "grpc", "rpc.response.status_code": "NOT_FOUND" },
    },
  ]);
  expect(traceparent).toBe(`00-${traceId}-${spans[0]?.spanId}-01`);
});

test("a stop ends streams at once and lets calls in work end", async () => {
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const { server, alertClient, logClient } = await setUp({
    alerts: {
      async listIncidents() {
        begun.resolve();
        await finish.promise;
        return {};
      },
    },
    logs: {
      async *tailLogs(_request, { signal }) {
        yield {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    },
  });
  const call = alertClient.listIncidents({});
  const stream = logClient.tailLogs({});
  await stream.next();
  await begun.promise;
  const stopped = server.stop(15_000);
  finish.resolve();
  await expect(call).resolves.toBeDefined();
  await expect(stream.next()).rejects.toMatchObject({ code: RpcCode.UNAVAILABLE });
  await stopped;
  await server.stop(15_000);
});

test("a stop cancels what does not end by its deadline", async () => {
  const begun = Promise.withResolvers<void>();
  const { server, alertClient } = await setUp({
    alerts: {
      listIncidents() {
        begun.resolve();
        return new Promise(() => {});
      },
    },
  });
  const call = alertClient.listIncidents({}).catch((error: unknown) => error);
  await begun.promise;
  await server.stop(400); // without the deadline it would wait for ever
  expect(await call).toBeInstanceOf(RpcError);
});

test("a request that is no such message is the caller's fault", async () => {
  const { address } = await setUp({ alerts: { listIncidents: () => ({}) } });
  const { openChannel, unaryBytes } = await import("./client.ts");
  const { Metadata } = await import("@grpc/grpc-js");
  const channel = openChannel(address);
  cleanUps.push(() => channel.close());
  const call = unaryBytes(channel, "/chasqui.alert.v1.AlertService/ListIncidents", {
    request: Buffer.from([0xff, 0xff, 0xff]),
    metadata: new Metadata(),
    deadlineMs: Date.now() + 20_000,
    signal: undefined,
  });
  await expect(call).rejects.toMatchObject({ code: RpcCode.INVALID_ARGUMENT });
});
