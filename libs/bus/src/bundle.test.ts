// What travels together, and that nothing is lost or changed on the way.
import fc from "fast-check";
import { expect, test } from "vitest";
import { bundled } from "./bundle.ts";
import type { OutMessage } from "./types.ts";
import { messagesOf } from "./unbundle.ts";

const KIB = 1024;
const message = (id: string, bundle: string | undefined, size = 3): OutMessage => ({
  subject: `chasqui.inbox.${id.length % 8}.update.${id}`,
  id,
  data: new Uint8Array(size).fill(id.length),
  traceparent: id.endsWith("0") ? undefined : `00-${id}`,
  bundle,
});
const many = (count: number, size?: number): OutMessage[] =>
  Array.from({ length: count }, (_, index) => message(`m${index}`, "b", size));

/** The ids that travel in each message. */
const idsOf = (said: readonly OutMessage[]): (string | undefined)[][] =>
  (bundled(said)?.messages ?? said).map((sent) =>
    sent.subject.endsWith(".bundle+") ? (messagesOf(sent) ?? []).map(({ id }) => id) : [sent.id],
  );
const sizesOf = (said: readonly OutMessage[]): number[] => idsOf(said).map(({ length }) => length);

test("who names no bundle travels alone, and so does the only one of a name", () => {
  expect(bundled([message("a", undefined), message("b", undefined)])).toBeUndefined();
  expect(bundled([message("a", "b")])).toBeUndefined();
  expect(idsOf([message("a", "x"), message("b", undefined), message("c", "y")])).toEqual([
    ["a"],
    ["b"],
    ["c"],
  ]);
});

test("what has headers, or no id, travels alone: neither has a place in a bundle", () => {
  const other = message("c", "x");
  const named = { ...message("a", "x"), headers: { "ce-type": "t" } };
  expect(idsOf([named, other, { ...message("b", "x"), id: undefined }])).toEqual([
    ["a"],
    ["c"],
    [undefined],
  ]);
});

test("messages of one name are one message, at the place of the first", () => {
  const said = [message("a", "x"), message("b", undefined), message("c", "y"), message("d", "x")];
  expect(idsOf(said)).toEqual([["a", "d"], ["b"], ["c"]]);
  expect(bundled(said)?.placeOf).toEqual([0, 1, 2, 0]);
  expect(bundled(said)?.messages[0]?.subject).toBe("chasqui.inbox.1.update.bundle+");
});

test("a bundle is bounded, in messages and in bytes", () => {
  expect(sizesOf(many(250))).toEqual([100, 100, 50]);
  expect(sizesOf(many(10, 20 * KIB))).toEqual([3, 3, 3, 1]);
  expect(sizesOf(many(2, 200 * KIB))).toEqual([1, 1]);
});

test("the same messages again are the same bundle, others are another", () => {
  const idOf = (said: readonly OutMessage[]) => bundled(said)?.messages[0]?.id;
  expect(idOf(many(3))).toBe(idOf(many(3)));
  expect(idOf(many(3))).not.toBe(idOf(many(4)));
});

const anyMessages = fc.array(
  fc.record({
    bundle: fc.option(fc.constantFrom("x", "y"), { nil: undefined }),
    size: fc.integer({ min: 0, max: 40 * KIB }),
  }),
  { maxLength: 300 },
);

test("N1: each message travels once, as it is, in the order of its bundle", () => {
  fc.assert(
    fc.property(anyMessages, (drawn) => {
      const said = drawn.map(({ bundle, size }, index) => message(`m${index}`, bundle, size));
      const load = bundled(said);
      if (load === undefined) return;
      const at = new Map<number, number>();
      for (const [index, one] of said.entries()) {
        const place = load.placeOf[index] ?? -1;
        const sent = load.messages[place];
        const nth = at.get(place) ?? 0;
        at.set(place, nth + 1);
        if (sent === one) continue;
        const { subject, id, data, traceparent = "" } = one;
        const arrived = sent && messagesOf(sent)?.[nth];
        expect(arrived).toMatchObject({ subject, id, traceparent });
        expect(Buffer.compare(arrived?.data ?? Buffer.of(), data)).toBe(0);
      }
      expect([...at.values()].reduce((sum, count) => sum + count, 0)).toBe(said.length);
      expect(at.size).toBe(load.messages.length);
    }),
  );
});

test("O3: what holds another sort than its subject says, or a header of two lines, is no bundle", () => {
  const update = message("run-1", "b");
  const start = { ...message("dag", "b"), subject: "chasqui.inbox.3.dag.costs" };
  const [sent] = bundled([update, start])?.messages ?? [];
  expect(sent?.subject).toBe("chasqui.inbox.5.update.bundle+");
  expect(sent && messagesOf(sent)).toBeUndefined();
  for (const forged of [
    { ...update, id: "run-1\r\nchasqui-dead-reason: none" },
    { ...update, subject: "chasqui.inbox.5.update.run-1\nx: y" },
    { ...update, traceparent: "00-\0" },
  ]) {
    const [bundle] = bundled([update, forged])?.messages ?? [];
    expect(bundle && messagesOf(bundle)).toBeUndefined();
  }
  expect(messagesOf({ subject: "chasqui.inbox.5.update.bundle+", data: Buffer.from("?") })).toBe(
    undefined,
  );
});
