// Alerts that no event told: what the state machine lists as settled becomes incidents, once.
import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromMs, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import {
  ListSettledResponseSchema,
  type Run,
  RunSchema,
  RunState,
  runIdOf,
} from "@chasqui/contracts";
import { expect, test } from "vitest";
import { reconcile, type ReconcileDeps } from "./reconcile.ts";
import { reconciledBefore } from "./store/reconciled.ts";
import { testNotifier, type TestNotifier } from "./testing/test-notifier.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 23, 12);
const { signal } = new AbortController();

const runOf = (key: string, state: RunState, dagId = "daily"): Run =>
  create(RunSchema, {
    runId: runIdOf(dagId, key),
    dagId,
    dagVersion: 1,
    state,
    key,
    version: 5,
    reason: state === RunState.FAILED ? "a task failed" : "",
    settledTime: timestampFromMs(NOW_MS - HOUR_MS),
    traceId: "0123456789abcdef0123456789abcdef",
  });

/** A state machine that answers in pages of one, and notes since when it was asked. */
function setup(t: TestNotifier, runs: readonly Run[]) {
  const asked: (Date | undefined)[] = [];
  const deps: ReconcileDeps = {
    ...t.deps,
    environment: "prod",
    windowMs: 24 * HOUR_MS,
    now: () => NOW_MS,
    log: { info() {}, warn() {} },
    runs: {
      listSettled({ sinceTime, pageToken = "" }) {
        if (pageToken === "")
          asked.push(sinceTime && timestampDate(create(TimestampSchema, sinceTime)));
        const at = Number(pageToken);
        const nextPageToken = at + 1 < runs.length ? String(at + 1) : "";
        const page = runs.slice(at, at + 1);
        return Promise.resolve(create(ListSettledResponseSchema, { runs: page, nextPageToken }));
      },
    },
  };
  return { deps, asked };
}

test("failed runs are told once, good ones where it was asked for, and the mark moves", async () => {
  await using t = await testNotifier();
  t.channels = [{ channel: "#ops", asked: { failed: true, retrying: true, succeeded: false } }];
  const runs = [
    runOf("a", RunState.SUCCEEDED),
    runOf("b", RunState.FAILED),
    runOf("c", RunState.FAILED),
  ];
  const { deps, asked } = setup(t, runs);
  expect(await reconcile(deps, signal)).toBe(2);
  expect(await reconcile(deps, signal)).toBe(0);
  const incidents = await t.incidents();
  expect(incidents.map(({ run_id }) => run_id).toSorted()).toEqual(
    [runOf("b", RunState.FAILED), runOf("c", RunState.FAILED)].map((r) => r.runId).toSorted(),
  );
  expect(incidents[0]).toMatchObject({
    state: "failed",
    title: "daily failed: a task failed",
    traceparent: expect.stringMatching(/^00-0123456789abcdef0123456789abcdef-[0-9a-f]{16}-00$/),
  });
  expect(asked.map((date) => date?.getTime())).toEqual([
    NOW_MS - 24 * HOUR_MS,
    NOW_MS - 5 * 60_000,
  ]);
  expect((await reconciledBefore(t.database.sql))?.getTime()).toBe(NOW_MS);
});

test("a DAG that is gone is passed over; a state machine that is away leaves the mark", async () => {
  await using t = await testNotifier();
  const { deps } = setup(t, [runOf("a", RunState.FAILED, "gone"), runOf("b", RunState.FAILED)]);
  const alertsOf: typeof deps.alertsOf = (dagId, version) =>
    dagId === "gone"
      ? Promise.reject(new RejectError("no such DAG"))
      : t.deps.alertsOf(dagId, version);
  expect(await reconcile({ ...deps, alertsOf }, signal)).toBe(1);
  const listSettled = () => Promise.reject(new Error("unavailable"));
  const later = { ...deps, runs: { listSettled }, now: () => NOW_MS + HOUR_MS };
  await expect(reconcile(later, signal)).rejects.toThrow("unavailable");
  expect((await reconciledBefore(t.database.sql))?.getTime()).toBe(NOW_MS);
});
