import { expect, test } from "vitest";
import { attemptIdOf, deriveId, runIdOf } from "./ids.ts";
import { PARTITIONS, kindToken, partitionOf, subjects, token } from "./topology.ts";

test("an id is its prefix and 26 base-32 characters, and depends on every part", () => {
  expect(runIdOf("a", "b")).toMatch(/^run-[0-9a-hjkmnp-tv-z]{26}$/);
  const key = { runId: "run-1", taskId: "t", mapIndex: -1, attempt: 1 };
  const others = [
    { ...key, runId: "run-2" },
    { ...key, taskId: "u" },
    { ...key, mapIndex: 0 },
    { ...key, attempt: 2 },
  ];
  expect(new Set([key, ...others].map(attemptIdOf)).size).toBe(5);
});

test("parts are told apart: moving a character over a border makes another id", () => {
  expect(deriveId("x", "ab", "c")).not.toBe(deriveId("x", "a", "bc"));
});

test("ids and partitions never change: rows and streams of yesterday must still be found", () => {
  expect(runIdOf("carrier-daily-costs", "2026-11-22")).toMatchInlineSnapshot(
    `"run-yyevcnn69zrg5m0cramns7tsac"`,
  );
  expect(["run-a", "run-b", "nightly"].map(partitionOf)).toMatchInlineSnapshot(`
    [
      4,
      5,
      2,
    ]
  `);
});

test("every partition is used", () => {
  const seen = new Set(Array.from({ length: 200 }, (_, i) => partitionOf(runIdOf("d", `${i}`))));
  expect(seen.size).toBe(PARTITIONS);
});

test("a kind is one token; a wildcard or a dot in an id is refused", () => {
  expect(kindToken("k8s.pod")).toBe("k8s_pod");
  expect(() => token("a.b")).toThrow(/not a subject token: "a.b"/);
  expect(() => subjects.event("run-settled", "*", "run-1")).toThrow(/not a subject token/);
});
