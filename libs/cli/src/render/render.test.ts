// Tables, times, trees and the live area, as people see them.
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyText } from "../../../../tests/support/any-text.ts";
import type { RunView, TaskView } from "../run-view.ts";
import { createLiveArea } from "./live-area.ts";
import { renderChanges } from "./run-changes.ts";
import { formatClock } from "./time.ts";
import { inRunOrder, renderHeading, renderTasks } from "./run-table.ts";
import { plain, printable, styleFor, withoutColours } from "./style.ts";
import { renderTable } from "./table.ts";
import { cut, widthOf } from "./text.ts";
import { formatDistance, formatInstant, formatSpan } from "./time.ts";
import { renderTree, treeOf } from "./trace-tree.ts";
import type { Span } from "./trace-tree.ts";

test.each([
  [0, "0 ms"],
  [0.25, "0.25 ms"],
  [12.4, "12 ms"],
  [999.4, "999 ms"],
  [1_000, "1.0 s"],
  [9_960, "10 s"],
  [59_600, "1m 00s"],
  [192_000, "3m 12s"],
  [7_500_000, "2h 05m"],
  [273_600_000, "3d 4h"],
  [-5, "0 ms"],
])("%d ms is %s", (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

test("instants are shown in the reader's zone", () => {
  const ms = Date.parse("2026-10-07T00:00:03Z");
  expect(formatInstant(ms, "America/Bogota")).toBe("2026-10-06 19:00:03");
  expect(formatDistance(ms + 5_000, ms)).toBe("in 5.0 s");
  expect(formatDistance(ms - 65_000, ms)).toBe("1m 05s ago");
});

test("colours only on a terminal, and never against NO_COLOR", () => {
  const red = (isTty: boolean, env: Record<string, string>): boolean =>
    styleFor(isTty, env).red("x") !== "x";
  expect(red(true, {})).toBe(true);
  expect(red(false, {})).toBe(false);
  expect(red(true, { NO_COLOR: "1" })).toBe(false);
  expect(red(true, { NO_COLOR: "", TERM: "dumb" })).toBe(false);
  expect(red(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(red(false, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
});

test("text from outside cannot drive the terminal", () => {
  expect(printable("a\u001b[31mred\u001b[0m\u001b]0;title\u0007\rb\u009b2J")).toBe(
    "ared]0;titleb2J",
  );
  fc.assert(
    fc.property(anyText(), (text) => {
      expect(printable(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});

test("a text is never cut wider than asked for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      expect(widthOf(cut(text, width))).toBeLessThanOrEqual(width);
    }),
  );
  expect(cut("carrier", 5)).toBe("carr…");
  expect(cut("\u001b[31mcarrier\u001b[39m", 5)).toBe("\u001b[31mcarr…\u001b[0m");
  expect(widthOf("日本")).toBe(4);
});

test("a table is as wide as its content, at most as the terminal", () => {
  const columns = [{ title: "NAME" }, { title: "N", align: "right" }, { title: "" }] as const;
  const rows = [
    ["a", "1", "x".repeat(50)],
    ["long", "100", ""],
  ];
  expect(renderTable(columns, rows, { style: plain, width: 20 })).toEqual([
    "NAME    N",
    "a       1  xxxxxxxx…",
    "long  100",
  ]);
});

const task = (fields: Partial<TaskView>): TaskView => ({
  task_id: "work",
  state: "waiting",
  kind: "k8s.pod",
  attempt: 0,
  attempts_max: 1,
  needs: [],
  ...fields,
});
const run = (state: string, tasks: TaskView[], more: Partial<RunView> = {}): RunView => ({
  run_id: "run-1",
  dag_id: "costs",
  dag_version: 1,
  state,
  key: "2026-10-06",
  trace_id: "t",
  tasks,
  ...more,
});
const nowMs = Date.parse("2026-10-06T19:00:10Z");
const options = { style: plain, width: Infinity, nowMs };

test("a run in the middle: upstream first, durations count, waits say for what", () => {
  const view = run(
    "running",
    [
      task({ task_id: "mail", needs: ["aggregate"] }),
      task({
        task_id: "aggregate",
        state: "running",
        attempt: 2,
        attempts_max: 4,
        started_time: "2026-10-06T19:00:05Z",
      }),
      task({
        task_id: "check",
        state: "retrying",
        attempt: 1,
        attempts_max: 3,
        retry_time: "2026-10-06T19:00:40Z",
        failure: { class: "code", message: "exit code 3\nmore", evidence: {}, log_tail: [] },
      }),
    ],
    { started_time: "2026-10-06T19:00:00Z" },
  );
  expect([renderHeading(view, options), ...renderTasks(view, options)]).toEqual([
    "costs 2026-10-06  ● running for 10 s",
    "TASK       STATE       ATTEMPT   TOOK",
    "aggregate  ● running   2 of 4   5.0 s",
    "check      ↻ retrying  1 of 3          again in 30 s; code: exit code 3 more",
    "mail       ○ waiting                   for aggregate",
  ]);
});

test("a task that waits for a run of another DAG names it", () => {
  const child = { task_id: "prices", state: "running", attempt: 1, child_run_id: "run-c" };
  const [, line] = renderTasks(run("running", [task(child)]), options);
  expect(line).toMatch(/^prices +● running .* run-c$/);
});

test("a settled run says how long it took and why it is red", () => {
  const view = run("failed", [], {
    started_time: "2026-10-06T19:00:00Z",
    settled_time: "2026-10-06T19:01:05Z",
    reason: "task `work` failed",
  });
  expect(renderHeading(view, options)).toBe(
    "costs 2026-10-06  ✗ failed in 1m 05s: task `work` failed",
  );
});

test("run order puts upstream first, for any shape, and keeps every task", () => {
  const ids = fc.uniqueArray(fc.stringMatching(/^[a-e]$/), { minLength: 1 });
  const tasks = ids.chain((all) =>
    fc.tuple(...all.map((id) => fc.subarray(all).map((needs) => task({ task_id: id, needs })))),
  );
  fc.assert(
    fc.property(tasks, (list) => {
      const ordered = inRunOrder(list);
      expect([...ordered].sort((a, b) => (a.task_id < b.task_id ? -1 : 1))).toEqual(
        [...list].sort((a, b) => (a.task_id < b.task_id ? -1 : 1)),
      );
    }),
  );
  const chain = Array.from({ length: 5_000 }, (_, i) =>
    task({ task_id: `t${i}`, needs: i === 4_999 ? [] : [`t${i + 1}`] }),
  );
  expect(inRunOrder(chain).at(0)?.task_id).toBe("t4999");
});

test("changes are told once each", () => {
  const first = run("running", [
    task({ state: "running", attempt: 1, started_time: "2026-10-06T19:00:05Z" }),
    task({ task_id: "b" }),
  ]);
  const second = run("failed", [
    task({
      state: "failed",
      attempt: 1,
      started_time: "2026-10-06T19:00:05Z",
      ended_time: "2026-10-06T19:00:08Z",
      failure: { class: "code", message: "exit code 3", evidence: {}, log_tail: [] },
    }),
    task({ task_id: "b", state: "upstream_failed" }),
  ]);
  const clock = (line: string): string => line.replace(/^\d\d:\d\d:\d\d/, "#");
  expect(renderChanges(undefined, first, nowMs).map(clock)).toEqual([
    "costs 2026-10-06: run run-1",
    "# work running",
  ]);
  expect(renderChanges(first, second, nowMs).map(clock)).toEqual([
    "# work failed in 3.0 s: code: exit code 3",
    "# b upstream_failed",
    "# costs failed",
  ]);
  expect(renderChanges(second, second, nowMs)).toEqual([]);
});

test("a run that ended long ago is told with the times of then", () => {
  const times = { started_time: "2026-10-06T19:00:05Z", ended_time: "2026-10-06T19:00:08Z" };
  const ended = {
    ...run("succeeded", [task({ state: "succeeded", attempt: 1, ...times })]),
    settled_time: "2026-10-06T19:00:09Z",
  };
  const at = (text: string): string => formatClock(Date.parse(text));
  expect(renderChanges(undefined, ended, nowMs).slice(1)).toEqual([
    `${at("2026-10-06T19:00:08Z")} work succeeded in 3.0 s`,
    `${at("2026-10-06T19:00:09Z")} costs succeeded`,
  ]);
});

/** What a terminal shows after these writes: only "up n and clear below" and lines. */
function terminal(rows: number) {
  const screen: string[] = [];
  return {
    rows,
    screen,
    write(text: string) {
      const up = /^\u001b\[(\d+)A\r\u001b\[0J/.exec(text);
      const clear = Number(up?.[1] ?? 0);
      expect(clear).toBeLessThan(rows);
      screen.splice(screen.length - clear, clear);
      screen.push(
        ...text
          .slice(up?.[0].length ?? 0)
          .split("\n")
          .slice(0, -1),
      );
    },
  };
}

test("L1, L2: the live area replaces itself and nothing else, on a terminal of any height", () => {
  const step = fc.oneof(
    fc.record({ draw: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 }) }),
    fc.record({ print: fc.array(fc.constantFrom("x", "y"), { maxLength: 3 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 8 }), fc.array(step), (rows, steps) => {
      const seen = terminal(rows);
      const area = createLiveArea(seen);
      const printed: string[] = [];
      let drawn: string[] = [];
      for (const it of steps) {
        if ("draw" in it) area.draw((drawn = it.draw));
        else {
          area.print(it.print);
          printed.push(...it.print);
        }
      }
      const room = Math.max(1, rows - 1);
      const kept =
        drawn.length <= room
          ? drawn
          : [...drawn.slice(0, room - 1), `… and ${drawn.length - room + 1} more`];
      expect(seen.screen).toEqual([...printed, ...kept]);
    }),
  );
});

const span = (spanId: string, parentId: string | undefined, startMs: number): Span => ({
  spanId,
  parentId,
  name: `span ${spanId}`,
  service: "svc",
  startMs,
  durationMs: 5,
  error: false,
});

test("a trace as a tree", () => {
  const spans = [
    span("a", undefined, 100),
    span("c", "a", 110),
    span("b", "a", 105),
    span("d", "b", 106),
  ];
  expect(
    renderTree(treeOf(spans), { style: plain, width: 100 }).map((line) => withoutColours(line)),
  ).toEqual([
    "span a        svc   +0 ms  5 ms",
    "├─ span b     svc   +5 ms  5 ms",
    "│  └─ span d  svc   +6 ms  5 ms",
    "└─ span c     svc  +10 ms  5 ms",
  ]);
});

test("no span is hidden, whatever its parent says", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  const some = fc.uniqueArray(
    fc
      .tuple(id, fc.option(fc.oneof(id, fc.constant("gone")), { nil: undefined }), fc.nat(9))
      .map(([spanId, parentId, startMs]) => span(spanId, parentId, startMs)),
    { selector: ({ spanId }) => spanId, minLength: 1 },
  );
  fc.assert(
    fc.property(some, (spans) => {
      expect(renderTree(treeOf(spans), { style: plain, width: 80 })).toHaveLength(spans.length);
    }),
  );
});
