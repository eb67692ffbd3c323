import { expect, test } from "vitest";
import { recent } from "./recent.ts";

test("the oldest member is forgotten first, and saying one again makes it young", () => {
  const set = recent({ max: 2 });
  set.add("a");
  set.add("b");
  set.add("a");
  set.add("c");
  expect(["a", "b", "c"].map((one) => set.has(one))).toEqual([true, false, true]);
  expect(set.size).toBe(2);
});
