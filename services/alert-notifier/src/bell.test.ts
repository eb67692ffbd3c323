// A wait that a ring ends.
import { expect, test } from "vitest";
import { bell } from "./bell.ts";

const HOUR_MS = 3_600_000;

test("a ring ends a wait", async () => {
  const b = bell();
  const waiting = b.wait(HOUR_MS);
  b.ring();
  await expect(waiting).resolves.toBeUndefined();
});

test("a ring before is kept for the next wait, and only for that one", async () => {
  const b = bell();
  b.ring();
  b.ring();
  await b.wait(HOUR_MS);
  let ended = false;
  const second = b.wait(HOUR_MS).then(() => void (ended = true));
  await Promise.resolve();
  expect(ended).toBe(false);
  b.ring();
  await second;
});

test("time ends a wait", async () => {
  await expect(bell().wait(1)).resolves.toBeUndefined();
});
