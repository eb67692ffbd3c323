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

/** Its parents, from the nearest on; undefined when they run in a circle. */
function ancestors(one: SpanRecord, byId: ReadonlyMap<string, SpanRecord>): string[] | undefined {
  const found: string[] = [];
  for (let up = byId.get(one.parent); up !== undefined; up = byId.get(up.parent)) {
    if (found.includes(up.span)) return undefined;
    found.push(up.span);
  }
  return found;
}

test("a row stands below its parents, as deep as there are; a parent that is missing is marked", () => {
  fc.assert(
    fc.property(traces, (spans) => {
      const byId = new Map(spans.map((one) => [one.span, one]));
      const above: string[] = [];
      for (const { span: one, depth, parentMissing } of treeRows(spans)) {
        above.splice(depth, Infinity);
        const parents = ancestors(one, byId);
        if (parents !== undefined) expect(above.toReversed()).toEqual(parents);
        else if (depth > 0) expect(above.at(-1)).toBe(one.parent);
        expect(parentMissing).toBe(one.parent !== "" && !byId.has(one.parent));
        above.push(one.span);
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
