// `npm run chaos -- [--seed n] [--seeds n] [--strikes n]`: the monkey, one world per seed, beginning at --seed.
// `npm run chaos -- --ledger [--kills n] [--seed n] [--seeds n]`: schedulers killed under a schedule of every second.
import path from "node:path";
import { parseArgs } from "node:util";
import { runChild } from "../../scripts/child.ts";

const MINUTE_MS = 60_000;
const root = path.resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    strikes: { type: "string", default: "30" },
    ledger: { type: "boolean", default: false },
    kills: { type: "string", default: "200" },
  },
});

function count(name: "seed" | "seeds" | "strikes" | "kills"): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0 && value <= 1_000_000) return value;
  throw new Error(`--${name} is ${JSON.stringify(values[name])}: want a whole number from 1`);
}

const [first, seeds, strikes, kills] = [
  count("seed"),
  count("seeds"),
  count("strikes"),
  count("kills"),
];
const [file, blows] = values.ledger
  ? (["ledger", `${kills} kills`] as const)
  : (["monkey", `${strikes} strikes`] as const);
let failed = 0;
for (let seed = first; seed < first + seeds && process.exitCode === undefined; seed++) {
  const { code, isInterrupted } = await runChild({
    command: process.execPath,
    args: [path.join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "chaos", file],
    cwd: root,
    timeoutMs: (Math.max(strikes, kills) + 10) * MINUTE_MS,
    env: {
      CHASQUI_CHAOS_SEED: String(seed),
      CHASQUI_CHAOS_STRIKES: String(strikes),
      CHASQUI_CHAOS_KILLS: String(kills),
    },
    live: true,
  });
  if (code !== 0) failed += 1;
  if (isInterrupted) process.exitCode = code;
}
console.log(`${seeds} seeds of ${blows}, ${failed} failed`);
process.exitCode ??= failed === 0 ? 0 : 1;
