// What must hold when a file's tests are over, whatever they did.
import { expect } from "vitest";
import { expectRowsEqualHistory } from "./history.ts";
import { until } from "./until.ts";
import type { RunningWorld } from "./world.ts";

/** `dead`: reasons of the dead letters that the tests caused on purpose, in the order they were sent. */
export async function expectNothingLeft(
  { bus, deaths, world }: RunningWorld,
  expected: { readonly dead?: readonly RegExp[] } = {},
): Promise<void> {
  let lines: string[] = [];
  const isThrough = async (): Promise<boolean> => {
    lines = await bus.leftovers();
    return lines.length === 0;
  };
  await until("all consumers to be through", isThrough, { timeoutMs: 20_000 }).catch(
    (thrown: unknown) => expect(lines, String(thrown)).toEqual([]),
  );
  const { dead = [] } = expected;
  const reasons = (await bus.deadLetters()).map(({ reason }) => reason).reverse();
  expect(reasons).toHaveLength(dead.length);
  for (const [index, pattern] of dead.entries()) expect(reasons[index]).toMatch(pattern);
  expect(deaths).toEqual([]);
  await expectRowsEqualHistory(world);
}
