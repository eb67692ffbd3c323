// What is typed into the form of a backfill, and what is asked then.
import { expect, test } from "vitest";
import { backfillRequestOf, emptyBackfill, type TypedBackfill } from "./backfill-request.ts";

const asked = (typed: Partial<TypedBackfill>) =>
  backfillRequestOf({ ...emptyBackfill, ...typed }, "r1");
const rest = { requestId: "r1", reprocess: "none", maxActive: 4, newestFirst: false, reason: "" };

test.each<[string, Partial<TypedBackfill>, object]>([
  ["a span", { from: " 2026-10-01", to: "2026-10-31 " }, { from: "2026-10-01", to: "2026-10-31" }],
  ["a span until now", { from: "2026-10-01" }, { from: "2026-10-01" }],
  [
    "single dates, each once",
    { which: "dates", dates: "2026-10-06, 2026-10-13\n2026-10-06;2026-10-20T06:00" },
    { dates: ["2026-10-06", "2026-10-13", "2026-10-20T06:00"] },
  ],
  [
    "everything else",
    {
      ...{ from: "2026-10-01", reprocess: "failed", order: "newest", maxActive: "2" },
      ...{ params: '{"region":"CO"}', reason: " new rates " },
    },
    {
      ...{ from: "2026-10-01", reprocess: "failed", newestFirst: true, maxActive: 2 },
      ...{ params: { region: "CO" }, reason: "new rates" },
    },
  ],
  [
    "what stands in the other way of asking is left out",
    { which: "dates", from: "2026-10-01", dates: "2026-10-06" },
    { dates: ["2026-10-06"] },
  ],
])("%s", (_, typed, body) => {
  expect(asked(typed)).toEqual({ ...rest, ...body });
});

test.each<[Partial<TypedBackfill>, string]>([
  [{ which: "dates", dates: " ,\n" }, "Dates: want one or more"],
  [{ from: "2026-10-01", maxActive: "0" }, 'Runs at once: "0": want a whole number from 1'],
  [{ from: "2026-10-01", maxActive: "" }, 'Runs at once: "": want a whole number from 1'],
  [{ from: "2026-10-01", maxActive: "1.5" }, 'Runs at once: "1.5": want a whole number from 1'],
  [{ from: "2026-10-01", params: "{" }, "The parameters are not JSON"],
])("%o is refused in words", (typed, message) => {
  expect(() => asked(typed)).toThrow(message);
});
