// What must hold when a file's tests are over, whatever they did.
import { expect } from "vitest";
import { until } from "./until.ts";
import type { RunningWorld } from "./world.ts";

/** `dead`: reasons of the dead letters that the tests caused on purpose, in the order they were sent. */
export async function expectNothingLeft(
  { bus, deaths, world }: RunningWorld,
  expected: { readonly dead?: readonly RegExp[] } = {},
): Promise<void> {
  const running = new Set<string>(world.services.keys());
  const isThrough = async (): Promise<boolean> => {
    const lines = await bus.leftovers(running);
    if (lines.length > 0) throw new Error(lines.join("; "));
    return true;
  };
  await until("all consumers to be through", isThrough, { everyMs: 100 });
  const { dead = [] } = expected;
  const reasons = (await bus.deadLetters()).map(({ reason }) => reason).reverse();
  expect(reasons).toHaveLength(dead.length);
  for (const [index, pattern] of dead.entries()) expect(reasons[index]).toMatch(pattern);
  expect(deaths).toEqual([]);
}
