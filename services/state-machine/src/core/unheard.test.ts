// What the sweeper makes of what it noted of streams. The rules about rows: store/unheard.it.test.ts.
import { expect, test } from "vitest";
import { streamsThatWentBack } from "./unheard.ts";

test.each([
  { what: "seen for the first time", noted: undefined, seen: ["a", 7], lost: false },
  { what: "as it was", noted: ["a", 7], seen: ["a", 7], lost: false },
  { what: "further", noted: ["a", 7], seen: ["a", 8], lost: false },
  { what: "made again", noted: ["a", 7], seen: ["b", 9], lost: true },
  { what: "without its last messages", noted: ["a", 7], seen: ["a", 6], lost: true },
] as const)("a stream that is $what: lost is $lost", ({ noted, seen, lost }) => {
  const at = ([created, lastSequence]: readonly [string, number]) => ({
    X: { created, lastSequence },
  });
  expect(streamsThatWentBack(noted === undefined ? {} : at(noted), at(seen))).toEqual(
    lost ? ["X"] : [],
  );
});
