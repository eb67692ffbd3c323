// The protocol between the services, under faults: see simulate.ts. SIM_SEEDS=1000000 for the nightly run;
// SIM_SEED=<n> for one seed with its whole log.
import { describe, expect, test } from "vitest";
import type { Mutation } from "./mutations.ts";
import { mutations } from "./mutations.ts";
import type { SimulationOptions } from "./simulate.ts";
import { simulate } from "./simulate.ts";

const seedsCount = Number(process.env["SIM_SEEDS"] ?? 400);
const only = process.env["SIM_SEED"];
const seeds =
  only === undefined ? Array.from({ length: seedsCount }, (_, i) => i + 1) : [Number(only)];
const base = { ticks: 4, faultSteps: 250, stepsMax: 3_000 };

const worlds: readonly (readonly [string, SimulationOptions])[] = [
  ["crashes, without a sweeper: the un-acked message is the outbox", { ...base, sweeper: false }],
  ["crashes and the loss of the whole store, with the sweeper", { ...base, sweeper: true }],
];

describe("simulation", () => {
  test.each(worlds)(`${seeds.length} seeds: %s`, (_, options) => {
    for (const seed of seeds) {
      const result = simulate(seed, options);
      const tail = result.log.slice(only === undefined ? -20 : 0).join("\n");
      expect(result.ok, `SIM_SEED=${seed}: ${result.problem}\n${tail}`).toBe(true);
    }
  });

  test("the same seed gives the same history", () => {
    const options = { ...base, sweeper: true };
    expect(simulate(7, options).log).toEqual(simulate(7, options).log);
    expect(simulate(7, options).log).not.toEqual(simulate(8, options).log);
  });

  // A simulator that cannot see the bugs it exists for shows nothing.
  test.each<Mutation>(mutations)("finds the planted bug %s", (mutation) => {
    const found = Array.from({ length: 500 }, (_, i) => i + 1).find(
      (seed) => !simulate(seed, { ...base, sweeper: false, mutation }).ok,
    );
    expect(found, "no seed of 500 found it").toBeDefined();
  });
});
