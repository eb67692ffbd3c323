import { fromBinary } from "@bufbuild/protobuf";
import { InventorySchema } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { sayInventory } from "./inventory.ts";

const whole = { service: "k8s-runner", kind: "k8s.pod", atMs: 1_000, isWhole: true };

test("a large one comes in parts, none larger than the bus takes; an empty one in one", () => {
  const said: Uint8Array[] = [];
  const bus = { publishPlain: (_subject: string, data: Uint8Array) => void said.push(data) };
  const attemptIds = Array.from({ length: 9_000 }, (_, n) => `att-${String(n).padStart(26, "0")}`);
  sayInventory(bus, { ...whole, attemptIds });
  sayInventory(bus, { ...whole, attemptIds: [] });
  const read = said.map((data) => fromBinary(InventorySchema, data));
  expect(read.map(({ part, parts }) => `${part}/${parts}`)).toEqual(["1/3", "2/3", "3/3", "1/1"]);
  expect(read.flatMap((one) => one.attemptIds)).toEqual(attemptIds);
  expect(read.every(({ isWhole, kind }) => isWhole && kind === "k8s.pod")).toBe(true);
  expect(Math.max(...said.map((data) => data.length))).toBeLessThan(1_000_000);
});
