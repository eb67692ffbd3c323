// The waterfall over random traces, parents missing and in circles included; and the wire reader
// over random bytes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMetrics } from "./metrics.ts";
import { decodeSpans } from "./decode-spans.ts";
import type { SpanRecord } from "./span.ts";
import { treeRows } from "./trace-tree.ts";
import { readFields, signed } from "./wire.ts";

const span = (id: string, parent: string): SpanRecord => ({
  trace: "1".repeat(32),
  span: id,
  parent,
  name: id,
  kind: "internal",
  service: "s",
  start: "0",
  end: "0",
  status: "unset",
  message: "",
  attributes: {},
  resource: {},
  scope: "",
  events: [],
  links: [],
});

const traces = fc
  .array(fc.nat(12), { maxLength: 12 })
  .map((parents) =>
    parents.map((parent, index) => span(`s${index}`, parent === 12 ? "" : `s${parent}`)),
  );

test("every span is exactly one row", () => {
  fc.assert(
    fc.property(traces, (spans) => {
      const rows = treeRows(spans).map((row) => row.span.span);
      expect(rows.toSorted()).toEqual(spans.map((one) => one.span).toSorted());
    }),
  );
});

test("a row is one deeper than its parent and right below its family, unless parents are missing or in a circle", () => {
  fc.assert(
    fc.property(traces, (spans) => {
      const rows = treeRows(spans);
      const depths = new Map(rows.map((row) => [row.span.span, row.depth]));
      for (const { span: one, depth, parentMissing } of rows) {
        if (depth > 0) expect(depth).toBe((depths.get(one.parent) ?? Number.NaN) + 1);
        if (parentMissing) expect(depth).toBe(0);
      }
    }),
  );
});

test("varints are read as they are written", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }), (value) => {
      const bytes = [0x08];
      let rest = BigInt.asUintN(64, value);
      for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
      bytes.push(Number(rest));
      const [field] = readFields(Buffer.from(bytes));
      expect(signed(field?.bits ?? 0n)).toBe(Number(value));
    }),
  );
});

/** A double written as a varint of more than 64 bits, within value, attribute, resource, request. */
const overlong = [
  0x0a,
  17,
  0x0a,
  15,
  0x0a,
  13,
  0x12,
  11,
  0x20,
  ...Array<number>(9).fill(0xff),
  0x7f,
];

test("random bytes are decoded or refused with an Error, never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const decode of [decodeSpans, decodeMetrics]) {
        try {
          expect(Array.isArray(decode(Buffer.from(bytes)))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(String(error)).toMatch(/protobuf:/);
        }
      }
    }),
    { examples: [[new Uint8Array(overlong)]] },
  );
});
