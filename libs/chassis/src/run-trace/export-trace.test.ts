// What is sent of a trace: the runs that share it, from the one that began it, page by page and in batches.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunService } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { exportTrace } from "./export-trace.ts";
import type { ExportOptions } from "./export-trace.ts";
import type { ServiceSpan } from "./history-spans.ts";

const traceId = "ab".repeat(16);
const ITEMS = 1_200;

interface Stored {
  readonly traceId?: string;
  readonly parent?: {
    runId: string;
    dagId: string;
    taskId: string;
    mapIndex: number;
    attempt: number;
  };
  readonly children?: readonly string[];
}

/** `top` starts `child` and joins `other`, which is of a trace of its own; each has a task of many instances. */
const by = { runId: "top", dagId: "top", taskId: "go", mapIndex: -1, attempt: 1 };
const stored: Readonly<Record<string, Stored>> = {
  top: { children: ["child", "other"] },
  child: { parent: by },
  other: { traceId: "cd".repeat(16) },
};

const runs: ExportOptions["runs"] = {
  getRun: ({ runId = "" }) => {
    const { traceId: own = traceId, parent } = stored[runId] ?? {};
    const tasks = [{ taskId: "each", mapIndex: -1, kind: "noop" }];
    const run = { runId, dagId: runId, traceId: own, tasks, settledTime: timestampFromMs(9) };
    const above = parent === undefined ? {} : { parent };
    return Promise.resolve(create(RunService.method.getRun.output, { run: { ...run, ...above } }));
  },
  getRunHistory: ({ runId = "", pageSize = 0, afterVersion = 0 }) => {
    const { children = [] } = stored[runId] ?? {};
    const named = children.map((id) => ({ type: "child_named", data: { child: { runId: id } } }));
    const ended = Array.from({ length: ITEMS }, (_, i) => ({
      type: "task_succeeded",
      data: { t: "each", i, a: 1 },
    }));
    const all = [{ type: "run_created" }, ...named, ...ended, { type: "run_settled" }];
    const entries = all
      .map((event, index) => ({ ...event, version: index + 1, cause: `m-${runId}` }))
      .slice(afterVersion, afterVersion + pageSize);
    const last = entries.at(-1)?.version ?? 0;
    const nextAfterVersion = last < all.length ? last : 0;
    return Promise.resolve(
      create(RunService.method.getRunHistory.output, { entries, nextAfterVersion }),
    );
  },
};

test.each(["top", "child"])(
  "the whole trace is sent, whichever run is asked for: %s",
  async (id) => {
    const batches: (readonly ServiceSpan[])[] = [];
    const send = (batch: readonly ServiceSpan[]): Promise<void> => {
      batches.push(batch);
      return Promise.resolve();
    };
    const exported = await exportTrace(id, { runs, send, options: {} });
    expect(exported).toMatchObject({ traceId, services: ["state-machine"], truncated: false });
    expect(exported.runs.map(({ runId }) => runId)).toEqual(["top", "child"]);
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(512);
    const spans = batches.flat().map(({ span }) => span);
    expect(spans).toHaveLength(exported.spans);
    expect(spans.filter(({ name }) => name === "task each")).toHaveLength(2 * ITEMS);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(ids.size).toBe(spans.length);
  },
);

test("what cannot be sent ends the export, and says why", async () => {
  const send = (): Promise<void> => Promise.reject(new Error("the collector is full"));
  await expect(exportTrace("top", { runs, send, options: {} })).rejects.toThrow(
    "the collector is full",
  );
});
