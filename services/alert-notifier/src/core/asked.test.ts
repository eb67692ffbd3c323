// Channels of a DAG's alerts.
import { expect, test } from "vitest";
import { channelsOf } from "./asked.ts";

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
