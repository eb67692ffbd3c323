// The workloads: a chain, fan-outs, diamonds at once and in a steady stream.
import { compileDag, formatProblem } from "@chasqui/dag";
import { median, quantile, round } from "./stats.ts";
import type { Bench } from "./world.ts";

let serial = 0;
const keys = (count: number): string[] => Array.from({ length: count }, () => `k${(serial += 1)}`);

/** Parent done → child in its runner's hands, idle: chains one after another. */
export async function chain(bench: Bench, runs: number): Promise<Record<string, number>> {
  const length = 50;
  const tasks = Object.fromEntries(
    Array.from({ length }, (_, i) => [`t${i}`, i === 0 ? [] : [`t${i - 1}`]]),
  );
  await bench.apply("bench-chain", tasks, 1);
  const edges: number[] = [];
  for (let run = 0; run < runs; run++) {
    await bench.seen();
    await bench.settled.all(await bench.start("bench-chain", keys(1)));
    const times = (await bench.seen()).toSorted((a, b) => a[2] - b[2]);
    if (run < 15) continue; // warming up: the compiler wants to see a path a few hundred times
    for (let i = 1; i < times.length; i++)
      edges.push(((times[i]?.[2] ?? 0) - (times[i - 1]?.[3] ?? 0)) / 1_000);
  }
  return {
    edges: edges.length,
    p50_ms: round(median(edges)),
    p99_ms: round(quantile(edges, 0.99)),
  };
}

export async function fanOut(bench: Bench, width: number): Promise<Record<string, number>> {
  const dagId = `bench-fan-${width}`;
  const middle = Array.from({ length: width }, (_, i) => `m${i}`);
  await bench.apply(
    dagId,
    { head: [], ...Object.fromEntries(middle.map((id) => [id, ["head"]])), join: middle },
    1,
  );
  return walls(bench, width, () => bench.start(dagId, keys(1)));
}

/** So many tasks of one sort are compiled code everywhere; fewer measure how quickly V8 compiles. */
const WARM_TASKS = 6_000;

/** Started → settled, of runs one after another; the first ones warm up. */
async function walls(
  bench: Bench,
  tasks: number,
  start: () => Promise<string[]>,
): Promise<Record<string, number>> {
  const times: number[] = [];
  const warmUps = Math.max(1, Math.round(WARM_TASKS / tasks));
  for (let run = 0; run < warmUps + 3; run++) {
    const startMs = performance.now();
    await bench.settled.all(await start());
    if (run >= warmUps) times.push(performance.now() - startMs);
    await bench.seen();
  }
  const wallMs = median(times);
  return { wall_ms: round(wallMs, 0), tasks_per_s: round((tasks / wallMs) * 1_000, 0) };
}

/** One run of a large DAG: layers of a hundred, each task needs two of the layer before. */
export async function large(bench: Bench, size: number): Promise<Record<string, number>> {
  const WIDTH = 100;
  const taskAt = (layer: number, i: number): string => `l${layer}-${i % WIDTH}`;
  const tasks = Object.fromEntries(
    Array.from({ length: size }, (_, n): [string, string[]] => {
      const [layer, i] = [Math.floor(n / WIDTH), n % WIDTH];
      const needs = layer === 0 ? [] : [taskAt(layer - 1, i), taskAt(layer - 1, i + 1)];
      return [taskAt(layer, i), needs];
    }),
  );
  const dagId = `bench-large-${size}`;
  await bench.apply(dagId, tasks, 1);
  return { layers: size / WIDTH, ...(await walls(bench, size, () => bench.start(dagId, keys(1)))) };
}

const mappedText = (width: number): string => `
id: bench-mapped-${width}
params: { type: object, properties: { items: { type: array } } }
tasks:
  each: { for_each: { in: params.items, max: ${width} }, uses: bench.noop }
  join: { needs: [each], uses: bench.noop }
`;

/** One task, mapped over as many items, and one that needs all its instances. */
export async function mapped(bench: Bench, width: number): Promise<Record<string, number>> {
  const compiled = compileDag(
    { file: "mapped.yaml", text: mappedText(width) },
    { kinds: { "bench.noop": undefined } },
  );
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  await bench.applySpecs([compiled.spec]);
  const items = Array.from({ length: width }, (_, i) => i);
  return walls(bench, width, () => bench.start(compiled.spec.id, keys(1), { items }));
}

const diamond = {
  head: [],
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`m${i}`, ["head"]])),
  join: Array.from({ length: 8 }, (_, i) => `m${i}`),
} as Record<string, string[]>;

export async function burst(bench: Bench, runs: number): Promise<Record<string, number>> {
  await bench.apply("bench-burst", diamond, 10_000);
  await bench.settled.all(await bench.start("bench-burst", keys(50)));
  const startMs = performance.now();
  await bench.settled.all(await bench.start("bench-burst", keys(runs)));
  const wallMs = performance.now() - startMs;
  await bench.seen();
  return { wall_ms: round(wallMs, 0), tasks_per_s: round((runs * 10 * 1_000) / wallMs, 0) };
}

/** At most `inFlight` runs at once; a new one for each that ends. */
export async function sustained(
  bench: Bench,
  runs: number,
  inFlight: number,
): Promise<Record<string, number>> {
  await bench.apply("bench-steady", diamond, 10_000);
  const before = bench.cpuUs();
  const base = bench.settled.count();
  const startMs = performance.now();
  let started = 0;
  while (started < runs) {
    const room = Math.min(runs - started, inFlight - (started - (bench.settled.count() - base)));
    if (room > 0) {
      await bench.start("bench-steady", keys(room));
      started += room;
    }
    await bench.settled.reached(Math.min(base + runs, bench.settled.count() + 1));
  }
  await bench.settled.reached(base + runs);
  const wallMs = performance.now() - startMs;
  const after = bench.cpuUs();
  await bench.seen();
  const perTask = Object.fromEntries(
    Object.entries(after).map(([name, us]) => [
      `${name}_us`,
      round((us - (before[name] ?? 0)) / (runs * 10), 0),
    ]),
  );
  const sum = Object.values(perTask).reduce((total, us) => total + us, 0);
  return {
    tasks_per_s: round((runs * 10 * 1_000) / wallMs, 0),
    cpu_us_per_task: round(sum, 0),
    ...perTask,
  };
}
