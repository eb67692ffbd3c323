import { expect, test } from "vitest";
import { decodeInventory, encodeInventory, sayInventory } from "./inventory.ts";
import type { Inventory } from "./inventory.ts";

const whole = { service: "k8s-runner", kind: "k8s.pod", atMs: 1_000 };

test("what was said is read", () => {
  const inventory = { ...whole, attemptIds: ["att-a", "att-b"], part: 1, parts: 1 };
  expect(decodeInventory(encodeInventory(inventory))).toEqual(inventory);
  expect(decodeInventory(new Uint8Array([1, 2, 3]))).toBeUndefined();
});

test("a large one comes in parts, none larger than the bus takes; an empty one in one", () => {
  const said: Uint8Array[] = [];
  const bus = { publishPlain: (_subject: string, data: Uint8Array) => void said.push(data) };
  const attemptIds = Array.from({ length: 9_000 }, (_, n) => `att-${String(n).padStart(26, "0")}`);
  sayInventory(bus, { ...whole, attemptIds });
  sayInventory(bus, { ...whole, attemptIds: [] });
  const read = said.map(decodeInventory).filter((one): one is Inventory => one !== undefined);
  expect(read.map(({ part, parts }) => `${part}/${parts}`)).toEqual(["1/3", "2/3", "3/3", "1/1"]);
  expect(read.flatMap((one) => one.attemptIds)).toEqual(attemptIds);
  expect(Math.max(...said.map((data) => data.length))).toBeLessThan(1_000_000);
});
