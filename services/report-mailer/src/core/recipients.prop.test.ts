// The invariants of recipients.ts, over random tables.
import fc from "fast-check";
import { expect, test } from "vitest";
import { candidatesOf, type Candidate } from "./recipients.ts";

const ids = fc.constantFrom("a", "b", "c", "d", "e");
const recipients = fc.uniqueArray(
  fc.record({
    id: ids,
    email: fc.constantFrom("x@example.com", "nobody", null),
    active: fc.constantFrom(true, false, null, "t", "no"),
  }),
  { selector: (row) => row.id },
);
const data = fc.array(fc.record({ id: ids, n: fc.nat() }));
type Data = { id: string; n: number }[];

function candidates(people: { id: string }[], rows: Data): readonly Candidate[] {
  const found = candidatesOf({
    recipients: people,
    data: rows,
    key: "id",
    emptyReason: "no rows",
    localeDefault: "en",
  });
  if (found.kind === "problem") throw new Error(found.message);
  return found.candidates;
}

test("R1 every recipient appears exactly once", () => {
  fc.assert(
    fc.property(recipients, data, (people, rows) => {
      const keys = candidates(people, rows).map((candidate) => candidate.key);
      expect(new Set(keys).size).toBe(keys.length);
      for (const person of people) expect(keys).toContain(person.id);
    }),
  );
});

test("R2 a due recipient has all rows of its own key, in order", () => {
  fc.assert(
    fc.property(recipients, data, (people, rows) => {
      for (const candidate of candidates(people, rows))
        if (candidate.kind === "due") {
          expect(candidate.rows).toEqual(rows.filter((row) => row.id === candidate.key));
          expect(candidate.rows.length).toBeGreaterThan(0);
        } else expect(candidate.reason).not.toBe("");
    }),
  );
});

test("R3 rows of nobody are named", () => {
  fc.assert(
    fc.property(recipients, data, (people, rows) => {
      const keys = candidates(people, rows).map((candidate) => candidate.key);
      for (const row of rows) expect(keys).toContain(row.id);
    }),
  );
});
