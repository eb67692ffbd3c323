import fc from "fast-check";
import { expect, test } from "vitest";
import { createWakeQueue } from "./wake-queue.ts";

interface Item {
  readonly name: number;
  wakeMs: number | undefined;
}

const time = fc.option(fc.nat(20), { nil: undefined });
const acts = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant("move" as const), name: fc.nat(15), to: time }),
    fc.record({ act: fc.constant("replace" as const), name: fc.nat(15), to: time }),
    fc.record({ act: fc.constant("forget" as const), name: fc.nat(15) }),
    fc.record({ act: fc.constant("look" as const), now: fc.nat(20) }),
  ),
  { maxLength: 100, size: "max" },
);

test("W1. and W2. due is who a look at everyone would find, in any history", () => {
  fc.assert(
    fc.property(acts, (history) => {
      const items = new Map<number, Item>();
      const queue = createWakeQueue<Item>({
        has: (item) => items.get(item.name) === item,
        all: () => items.values(),
        get size() {
          return items.size;
        },
      });
      for (const one of history) {
        if (one.act === "forget") items.delete(one.name);
        else if (one.act === "look") {
          const due = [...items.values()].filter(({ wakeMs = Infinity }) => wakeMs <= one.now);
          expect(new Set(queue.due(one.now))).toEqual(new Set(due));
        } else {
          const known = one.act === "move" ? items.get(one.name) : undefined;
          const item: Item = known ?? { name: one.name, wakeMs: undefined };
          item.wakeMs = one.to;
          items.set(one.name, item);
          queue.moved(item);
        }
        const first = Math.min(...[...items.values()].map(({ wakeMs = Infinity }) => wakeMs));
        expect(queue.firstMs() ?? Infinity).toBe(first);
      }
    }),
  );
});

test("W3. an item that moves for ever away leaves no heap behind", () => {
  const item: Item = { name: 1, wakeMs: 0 };
  let asked = 0;
  const queue = createWakeQueue<Item>({
    has: () => true,
    all: () => {
      asked += 1;
      return [item];
    },
    size: 1,
  });
  for (let ms = 10_000; ms > 0; ms--) {
    item.wakeMs = ms;
    queue.moved(item);
  }
  expect(asked).toBeGreaterThanOrEqual(9); // rebuilt each thousand
  expect(queue.due(10_000)).toEqual([item]);
});
