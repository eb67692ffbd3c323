import { expect, test } from "vitest";
import fc from "fast-check";
import { createLogMerge } from "./log-merge.ts";
import type { Merged } from "./log-merge.ts";

const countersArb = fc.array(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }), {
  maxLength: 12,
});

function merge(batches: readonly (readonly number[])[]): Merged<{ counter: number }>[] {
  const log = createLogMerge<{ counter: number }>();
  return batches.flatMap((counters) => log.accept(counters.map((counter) => ({ counter }))));
}
const given = (merged: readonly Merged<{ counter: number }>[]): number[] =>
  merged.flatMap((item) => (item.kind === "line" ? [item.line.counter] : []));

test("M1: no line is given twice, and none that came is lost", () => {
  fc.assert(
    fc.property(countersArb, (batches) => {
      const lines = given(merge(batches));
      expect(lines.toSorted((a, b) => a - b)).toEqual(
        [...new Set(batches.flat())].toSorted((a, b) => a - b),
      );
    }),
  );
});

test("M2: what is missing below the highest line is marked", () => {
  fc.assert(
    fc.property(countersArb, (batches) => {
      const merged = merge(batches);
      const lines = new Set(given(merged));
      const marked = merged.flatMap((item) => (item.kind === "gap" ? [item] : []));
      for (let counter = 1; counter < Math.max(0, ...lines); counter++) {
        const covered = marked.some(({ from, to }) => from <= counter && counter <= to);
        expect(lines.has(counter) || covered).toBe(true);
      }
    }),
  );
});

test("M3: whole and in order: as they are", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (sizes) => {
      let counter = 0;
      const batches = sizes.map((size) => Array.from({ length: size }, () => ++counter));
      const merged = merge(batches);
      expect(given(merged)).toEqual(Array.from({ length: counter }, (_, index) => index + 1));
      expect(merged.every((item) => item.kind === "line")).toBe(true);
    }),
  );
});

test("a gap says what is missing; lines that come late fill it and are not marked again", () => {
  const log = createLogMerge<{ counter: number }>();
  const accept = (...counters: number[]): string =>
    log
      .accept(counters.map((counter) => ({ counter })))
      .map((item) =>
        item.kind === "line" ? String(item.line.counter) : `[${item.from}-${item.to}]`,
      )
      .join(" ");
  expect(accept(1, 2)).toBe("1 2");
  expect(accept(2, 6, 7)).toBe("[3-5] 6 7");
  expect(accept(4)).toBe("4");
  expect(accept(3, 4, 5, 8)).toBe("3 5 8");
});
