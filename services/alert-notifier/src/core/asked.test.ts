// Channels of a DAG's alerts.
import { expect, test } from "vitest";
import { failed, failure, retrying } from "../testing/notices.ts";
import { channelsOf, withoutAllowed } from "./asked.ts";

test("entries for one channel are one, and those without a channel go elsewhere", () => {
  const alerts = [
    { on: ["failed", "late"], slack: "#a" },
    { on: ["retrying"], slack: "#b" },
    { on: ["retrying", "succeeded"], slack: "#a" },
    { on: ["failed"], slack: "" },
  ] as const;
  expect(channelsOf(alerts)).toEqual([
    { channel: "#a", asked: { failed: true, retrying: true, succeeded: true } },
    { channel: "#b", asked: { failed: false, retrying: true, succeeded: false } },
  ]);
  expect(channelsOf([])).toEqual([]);
});

test("a failure that the DAG allows is nobody's alarm, its repeats are", () => {
  const [a, b] = [failure({ taskId: "a" }), failure({ taskId: "b" })];
  expect(withoutAllowed(failed(2, a, b), new Set(["a"]))).toEqual(failed(2, b));
  const all = failed(2, b);
  expect(withoutAllowed(all, new Set(["a"]))).toBe(all);
  expect(withoutAllowed(retrying(2, a), new Set(["a"]))).toEqual(retrying(2, a));
});
