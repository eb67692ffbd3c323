// What is lost is counted: offered = exported + dropped + waiting.
import { ExportResultCode, type ExportResult } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { readableSpanFrom } from "./readable-span.ts";
import { spanQueue } from "./span-queue.ts";

const span = readableSpanFrom(
  {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "x",
    kind: "internal",
    startMs: 1,
    endMs: 2,
  },
  resourceFromAttributes({}),
);

function setUp(sizeMax: number) {
  const exports: { spans: number; done: (result: ExportResult) => void }[] = [];
  const queue = spanQueue({
    exporter: {
      export: (spans: ReadableSpan[], done) => void exports.push({ spans: spans.length, done }),
      shutdown: () => Promise.resolve(),
    },
    sizeMax,
    batchMax: 10,
    delayMs: 60_000,
    exportTimeoutMs: 60_000,
  });
  return { queue, exports };
}

test("a full queue drops the newest and counts them", () => {
  const { queue, exports } = setUp(20);
  for (let i = 0; i < 35; i++) queue.offer(span);
  expect(exports.map(({ spans }) => spans)).toEqual([10]); // one batch is under way
  expect(queue.waiting).toBe(20);
  expect(queue.dropped).toEqual({ queue_full: 5, export_failed: 0 });
});

test("a failed export counts its batch, and the next one is tried", async () => {
  const { queue, exports } = setUp(100);
  for (let i = 0; i < 25; i++) queue.offer(span);
  exports[0]?.done({ code: ExportResultCode.FAILED, error: new Error("503") });
  await new Promise((resolve) => setImmediate(resolve));
  expect(queue.dropped).toEqual({ queue_full: 0, export_failed: 10 });
  expect(exports.map(({ spans }) => spans)).toEqual([10, 10]);
  expect(queue.waiting).toBe(5);
});
