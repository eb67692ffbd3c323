import { expect, test } from "vitest";
import fc from "fast-check";
import { layOut, pathOf, type LayoutTask, type Size } from "./layout.ts";

const size: Size = { width: 160, height: 44, gapX: 48, gapY: 16 };

/** A DAG: each task needs some of those before it. */
const dagArb = fc
  .array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { maxLength: 24 })
  .map((needs) =>
    needs.map((indices, index): LayoutTask => ({
      id: `t${index}`,
      needs: index === 0 ? [] : [...new Set(indices.map((need) => `t${need % index}`))],
    })),
  );

test("L1: a task stands right of all that it needs", () => {
  fc.assert(
    fc.property(dagArb, (tasks) => {
      const layers = new Map(layOut(tasks, size).tasks.map(({ id, layer }) => [id, layer]));
      for (const { id, needs } of tasks)
        for (const need of needs) expect(layers.get(need) ?? 0).toBeLessThan(layers.get(id) ?? 0);
    }),
  );
});

test("L2: no two tasks overlap, and all are inside", () => {
  fc.assert(
    fc.property(dagArb, (tasks) => {
      const { tasks: placed, width, height } = layOut(tasks, size);
      expect(placed).toHaveLength(tasks.length);
      for (const one of placed) {
        expect(one.x).toBeGreaterThanOrEqual(0);
        expect(one.y).toBeGreaterThanOrEqual(0);
        expect(one.x + size.width).toBeLessThanOrEqual(width);
        expect(one.y + size.height).toBeLessThanOrEqual(height);
        for (const other of placed)
          if (other.id < one.id && other.x === one.x)
            expect(Math.abs(other.y - one.y)).toBeGreaterThanOrEqual(size.height);
      }
    }),
  );
});

test("L3: the order in which tasks are listed does not matter", () => {
  fc.assert(
    fc.property(dagArb, (tasks) => {
      expect(layOut(tasks.toReversed(), size)).toEqual(layOut(tasks, size));
    }),
  );
});

test("a chain is a line, a diamond has its ends in the middle", () => {
  const chain = layOut(
    [
      { id: "a", needs: [] },
      { id: "b", needs: ["a"] },
    ],
    size,
  );
  expect(chain.tasks.map(({ x, y }) => [x, y])).toEqual([
    [0, 0],
    [208, 0],
  ]);
  expect(chain.edges.map(pathOf)).toEqual(["M160 22C184 22 184 22 208 22"]);
  const diamond = layOut(
    [
      { id: "a", needs: [] },
      { id: "b", needs: ["a"] },
      { id: "c", needs: ["a"] },
      { id: "d", needs: ["b", "c"] },
    ],
    size,
  );
  const y = Object.fromEntries(diamond.tasks.map((task) => [task.id, task.y]));
  expect(y["a"]).toBe(y["d"]);
  expect((Number(y["b"]) + Number(y["c"])) / 2).toBe(y["a"]);
});

test("what is needed and not there, or a circle, is drawn as far as it goes", () => {
  const tasks = [
    { id: "a", needs: ["gone", "b"] },
    { id: "b", needs: ["a"] },
  ];
  expect(layOut(tasks, size).tasks).toHaveLength(2);
  expect(layOut([], size)).toEqual({ tasks: [], edges: [], width: 0, height: 0 });
});
