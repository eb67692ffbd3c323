// Whatever is written can be read, by us and by the client.
import fc from "fast-check";
import { headers } from "nats";
import { expect, test } from "vitest";
import { encodeHeaders, findHeader, listHeaders } from "./wire-headers.ts";

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
const value = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(":", " "),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
    ),
    maxLength: 60,
  })
  .map((text) => text.replaceAll(/[\r\n\0]/g, "").trim());

test("every header is found again as it was given", () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 8 }), (given) => {
      const text = Buffer.from(encodeHeaders({ headers: given }) ?? []).toString("utf8");
      expect(listHeaders(text)).toEqual(Object.entries(given));
      for (const [key, wanted] of Object.entries(given)) expect(findHeader(text, key)).toBe(wanted);
    }),
  );
});

test("the client would have written the same bytes", () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 8 }), (given) => {
      const theirs = headers();
      for (const [key, wanted] of Object.entries(given)) theirs.append(key, wanted);
      const text = Buffer.from(encodeHeaders({ headers: given }) ?? []).toString("utf8");
      expect(text).toBe(theirs.toString());
    }),
  );
});
