import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { dagSensor, parseDag } from "./dag.ts";

const sensor = dagSensor(() => Promise.reject(new Error("not here")));

test("a day in its zone; ends of runs are heard of", () => {
  const { of, pace } = parseDag({ dag: "costs", date: "2026-01-02", timezone: "America/Bogota" });
  expect(of).toEqual({
    dag: "costs",
    task: undefined,
    which: {
      by: "time",
      fromMs: Date.parse("2026-01-02T05:00:00Z"),
      untilMs: Date.parse("2026-01-03T05:00:00Z"),
      text: "2026-01-02 (America/Bogota)",
    },
    allowed: ["succeeded"],
    failed: ["failed", "cancelled"],
    skipped: [],
  });
  expect(pace.intervalMs).toBe(60_000);
  expect(sensor.topic?.(of)).toBe("costs");
});

test("a task, by key; everything about its DAG is heard of", () => {
  const states = { allowed_states: ["succeeded", "skipped"], skipped_states: ["removed"] };
  const { of } = parseDag({ dag: "costs", task: "mail", key: "k", ...states });
  expect(of).toMatchObject({
    which: { by: "key", key: "k" },
    allowed: ["succeeded", "skipped"],
    failed: ["failed", "upstream_failed", "cancelled"],
    skipped: ["removed"],
  });
  expect(sensor.topic?.(of)).toBe("costs/*");
});

test("an instant; and bad ends that are waited out", () => {
  const { of } = parseDag({ dag: "c", logical_time: "2026-01-02T05:00:00Z", failed_states: [] });
  const fromMs = Date.parse("2026-01-02T05:00:00Z");
  expect(of).toMatchObject({ which: { by: "time", fromMs, untilMs: fromMs + 1 }, failed: [] });
});

test.each([
  [{ dag: "c" }, "0 of `date`, `key`, `logical_time` are given"],
  [{ dag: "c", date: "2026-01-02", key: "k" }, "2 of `date`, `key`, `logical_time` are given"],
  [{ dag: "c", date: "today" }, '`date` is "today": want one like 2026-10-06, usually ${run.date}'],
  [{ dag: "c", logical_time: "noon" }, '`logical_time` is "noon": want an instant'],
  [{ dag: "a.b", key: "k" }, "want a DAG's id"],
  [{ dag: "c", key: "k", allowed_states: ["done"] }, '"done": want one of'],
  [{ dag: "c", key: "k", allowed_states: ["skipped"] }, "a run is never skipped: want one of"],
])("%j is refused: %s", (config, why) => {
  expect(() => parseDag(config)).toThrow(ConfigError);
  expect(() => parseDag(config)).toThrow(why);
});
