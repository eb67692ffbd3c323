import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTraceparent, newSpanId, parseTraceparent } from "./traceparent.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

test.each([
  [`00-${traceId}-${spanId}-01`, { traceId, spanId, sampled: true }],
  [`00-${traceId}-${spanId}-00`, { traceId, spanId, sampled: false }],
  [` 00-${traceId}-${spanId}-03 `, { traceId, spanId, sampled: true }],
  [`42-${traceId}-${spanId}-01-what-comes-later`, { traceId, spanId, sampled: true }],
  [`00-${traceId}-${spanId}-01-extra`, undefined],
  [`ff-${traceId}-${spanId}-01`, undefined],
  [`00-${"0".repeat(32)}-${spanId}-01`, undefined],
  [`00-${traceId}-${"0".repeat(16)}-01`, undefined],
  [`00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
  [`00-${traceId}-${spanId}`, undefined],
  ["", undefined],
  [undefined, undefined],
])("%s", (text, want) => {
  expect(parseTraceparent(text)).toEqual(want);
});

test("what is formatted is parsed back", () => {
  const hex = (length: number) =>
    fc
      .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
      .map((digits) => digits.join(""))
      .filter((text) => /[1-9a-f]/.test(text));
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (trace, span, sampled) => {
      const parent = { traceId: trace, spanId: span, sampled };
      expect(parseTraceparent(formatTraceparent(parent))).toEqual(parent);
    }),
  );
});

test("span ids are 16 hex digits and do not repeat", () => {
  const ids = Array.from({ length: 5_000 }, newSpanId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
});
