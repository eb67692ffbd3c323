// Where the tasks of a DAG are drawn: in layers from left to right, each task right of all that it needs.
// Invariants (each has a property test of the same name):
//   L1. A task stands in a later layer than everything it needs.
//   L2. No two tasks overlap.
//   L3. The same DAG is drawn the same, in whatever order its tasks are listed.

export interface LayoutTask {
  readonly id: string;
  readonly needs: readonly string[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
  readonly gapX: number;
  readonly gapY: number;
}

export interface Placed {
  readonly id: string;
  readonly layer: number;
  /** The upper left corner. */
  readonly x: number;
  readonly y: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Points that the line passes, from the right of one task to the left of another. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Layout {
  readonly tasks: readonly Placed[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

/** A place in a layer: a task, or where a long line passes through. */
interface Slot {
  readonly key: string;
  readonly task: string | undefined;
  readonly layer: number;
  readonly left: Slot[];
  readonly right: Slot[];
  order: number;
  y: number;
}

const SWEEPS = 6;
const PASSING_HEIGHT_SHARE = 0.35;

export function layOut(tasks: readonly LayoutTask[], size: Size): Layout {
  const sorted = tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const layerOf = layersOf(sorted);
  const { layers, chains } = slotsOf(sorted, layerOf);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) sortByNeighbours(layer, (slot) => slot.left);
    for (const layer of layers.toReversed()) sortByNeighbours(layer, (slot) => slot.right);
  }
  for (const layer of layers) sortByNeighbours(layer, (slot) => slot.left);
  place(layers, size);
  return drawn(layers, chains, size);
}

/** The longest way from a task without needs. What is needed and not there, or needs itself, counts as none. */
function layersOf(tasks: readonly LayoutTask[]): Map<string, number> {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const found = new Map<string, number>();
  const open = new Set<string>();
  const visit = (id: string): number => {
    const known = found.get(id);
    if (known !== undefined) return known;
    if (open.has(id)) return -1;
    open.add(id);
    let layer = 0;
    for (const need of byId.get(id)?.needs ?? [])
      if (byId.has(need)) layer = Math.max(layer, visit(need) + 1);
    open.delete(id);
    found.set(id, layer);
    return layer;
  };
  for (const { id } of tasks) visit(id);
  return found;
}

function slotsOf(tasks: readonly LayoutTask[], layerOf: ReadonlyMap<string, number>) {
  const layers: Slot[][] = [];
  const add = (key: string, task: string | undefined, layer: number): Slot => {
    const row = (layers[layer] ??= []);
    const slot = { key, task, layer, left: [], right: [], order: row.length, y: 0 };
    row.push(slot);
    return slot;
  };
  const slotOf = new Map(tasks.map(({ id }) => [id, add(id, id, layerOf.get(id) ?? 0)]));
  const chains: Slot[][] = [];
  for (const { id, needs } of tasks)
    for (const need of [...new Set(needs)].toSorted()) {
      const [from, to] = [slotOf.get(need), slotOf.get(id)];
      if (from === undefined || to === undefined || from.layer >= to.layer) continue;
      const chain = [from];
      for (let layer = from.layer + 1; layer < to.layer; layer++)
        chain.push(add(`${need}\0${id}`, undefined, layer));
      chain.push(to);
      for (const [index, slot] of chain.slice(1).entries()) {
        slot.left.push(chain[index] ?? from);
        chain[index]?.right.push(slot);
      }
      chains.push(chain);
    }
  return { layers, chains };
}

function sortByNeighbours(layer: Slot[], neighbours: (slot: Slot) => readonly Slot[]): void {
  const wish = new Map(
    layer.map((slot) => {
      const others = neighbours(slot);
      const mean = others.reduce((sum, other) => sum + other.order, 0) / others.length;
      return [slot, others.length === 0 ? slot.order : mean];
    }),
  );
  layer.sort(
    (a, b) =>
      (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || a.order - b.order || (a.key < b.key ? -1 : 1),
  );
  for (const [order, slot] of layer.entries()) slot.order = order;
}

/** Heights: each slot near the middle of its neighbours, and below the one before it. */
function place(layers: readonly Slot[][], size: Size): void {
  const heightOf = (slot: Slot): number =>
    slot.task === undefined ? size.height * PASSING_HEIGHT_SHARE : size.height;
  for (const layer of layers) stack(layer, () => undefined, heightOf, size.gapY);
  for (let round = 0; round < SWEEPS; round++) {
    const rightwards = round % 2 === 0;
    for (const layer of rightwards ? layers : layers.toReversed())
      stack(
        layer,
        (slot) => middle(rightwards ? slot.left : slot.right, heightOf),
        heightOf,
        size.gapY,
      );
  }
}

function middle(others: readonly Slot[], heightOf: (slot: Slot) => number): number | undefined {
  if (others.length === 0) return undefined;
  return others.reduce((sum, other) => sum + other.y + heightOf(other) / 2, 0) / others.length;
}

function stack(
  layer: readonly Slot[],
  wishOf: (slot: Slot) => number | undefined,
  heightOf: (slot: Slot) => number,
  gap: number,
): void {
  let bottom = -Infinity;
  let shift = 0;
  let wished = 0;
  for (const slot of layer) {
    const height = heightOf(slot);
    const wish = wishOf(slot);
    const top = wish === undefined ? slot.y : wish - height / 2;
    slot.y = Math.max(top, bottom === -Infinity ? top : bottom + gap);
    bottom = slot.y + height;
    shift += slot.y - top;
    wished += 1;
  }
  // What was pushed down goes back up by half of it: the layer stays around the middle of its wishes.
  if (wished > 0) for (const slot of layer) slot.y -= shift / wished;
}

function drawn(layers: readonly Slot[][], chains: readonly Slot[][], size: Size): Layout {
  const all = layers.flat();
  const top = Math.min(0, ...all.map((slot) => slot.y));
  const x = (slot: Slot): number => slot.layer * (size.width + size.gapX);
  const heightOf = (slot: Slot): number =>
    slot.task === undefined ? size.height * PASSING_HEIGHT_SHARE : size.height;
  const centre = (slot: Slot): number => Math.round(slot.y - top + heightOf(slot) / 2);
  const tasks = all.flatMap((slot): Placed[] =>
    slot.task === undefined
      ? []
      : [{ id: slot.task, layer: slot.layer, x: x(slot), y: Math.round(slot.y - top) }],
  );
  const edges = chains.flatMap((chain): Edge[] => {
    const [from, to] = [chain[0], chain.at(-1)];
    if (from?.task === undefined || to?.task === undefined) return [];
    const passing = chain.slice(1, -1).flatMap((slot) => [
      { x: x(slot), y: centre(slot) },
      { x: x(slot) + size.width, y: centre(slot) },
    ]);
    const points = [
      { x: x(from) + size.width, y: centre(from) },
      ...passing,
      { x: x(to), y: centre(to) },
    ];
    return [{ from: from.task, to: to.task, points }];
  });
  return {
    tasks: tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    edges,
    width: layers.length === 0 ? 0 : layers.length * (size.width + size.gapX) - size.gapX,
    height: Math.max(
      0,
      ...tasks.map((task) => task.y + size.height),
      ...edges.flatMap((e) => e.points.map((p) => p.y)),
    ),
  };
}

/** The line of an edge as an SVG path: level at both ends of each stretch. */
export function pathOf({ points }: Edge): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${point.x} ${point.y}`;
      const half = (before.x + point.x) / 2;
      return `C${half} ${before.y} ${half} ${point.y} ${point.x} ${point.y}`;
    })
    .join("");
}
