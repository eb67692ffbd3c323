import { expect, test } from "vitest";
import { PartStack, type Part } from "./part.ts";

function part(name: string, log: string[], stop: () => Promise<void> = async () => {}): Part {
  return {
    name,
    stop(deadlineMs) {
      log.push(`${name} ${deadlineMs > 0}`);
      return stop();
    },
  };
}

test("parts stop in reverse, one after the other, once", async () => {
  const log: string[] = [];
  const parts = new PartStack();
  for (const name of ["a", "b", "c"]) await parts.add(part(name, log));
  expect(parts.names).toEqual(["a", "b", "c"]);
  const [first, second] = await Promise.all([parts.stop(1_000), parts.stop(1_000)]);
  expect(first).toBe(second);
  expect(log).toEqual(["c true", "b true", "a true"]);
});

test("P2. one that fails to stop is told, and the others stop", async () => {
  const log: string[] = [];
  const parts = new PartStack();
  await parts.add(part("a", log));
  await parts.add(part("b", log, () => Promise.reject(new Error("stuck"))));
  const failures = await parts.stop(0);
  expect(failures).toEqual([{ part: "b", error: new Error("stuck") }]);
  expect(log).toEqual(["b true", "a true"]); // also with no time left each gets a little
});

test("one that comes up during the stop is stopped next, one after it at once", async () => {
  const log: string[] = [];
  const parts = new PartStack();
  await parts.add(part("a", log));
  await parts.add(part("b", log, () => parts.add(part("late", log))));
  await parts.stop(1_000);
  await parts.add(part("too late", log));
  expect(log).toEqual(["b true", "late true", "a true", "too late true"]);
});
