import { expect, test } from "vitest";
import { BATCH_BYTES_MAX, logLines } from "./log-lines.ts";
import { TAIL_LINES_MAX } from "./conclude.ts";

test("L1: counters go on from where the log was left", () => {
  const lines = logLines({ startCounter: 41 });
  lines.add("a", 1);
  lines.add("b", 2);
  expect(lines.take()).toEqual([
    { counter: 42, atMs: 1, text: "a" },
    { counter: 43, atMs: 2, text: "b" },
  ]);
  expect(lines.take()).toEqual([]);
});

test("L2: a batch is bounded, and nothing is lost between batches", () => {
  const lines = logLines({ startCounter: 0 });
  for (let n = 0; n < 20; n++) lines.add("x".repeat(10_000), n);
  const sizes: number[] = [];
  let last = 0;
  for (let batch = lines.take(); batch.length > 0; batch = lines.take()) {
    sizes.push(batch.reduce((sum, line) => sum + line.text.length, 0));
    for (const line of batch) expect(line.counter).toBe(++last);
  }
  expect(last).toBe(20);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(BATCH_BYTES_MAX);
  expect(lines.bytes).toBe(0);
});

test("L2: a long line becomes several lines, whole again when joined, no character cut in two", () => {
  const lines = logLines({ startCounter: 0 });
  const text = "🦙".repeat(20_001);
  lines.add(`a${text}`, 1);
  const all = [...lines.take(), ...lines.take()];
  expect(all.length).toBeGreaterThan(1);
  expect(all.every((line) => line.text.isWellFormed())).toBe(true);
  expect(all.map((line) => line.text).join("")).toBe(`a${text}`);
});

test("L3: the tail is the last lines, taken or not, passed or added", () => {
  const lines = logLines({ startCounter: 0 });
  for (let n = 1; n <= 100; n++) lines.add(`line ${n}`, n);
  lines.take();
  lines.pass("only counted");
  expect(lines.tail()).toHaveLength(TAIL_LINES_MAX);
  expect(lines.tail().at(0)).toBe("line 82");
  expect(lines.tail().at(-1)).toBe("only counted");
  expect(lines.counter).toBe(101);
  expect(lines.waiting).toBe(0);
});
