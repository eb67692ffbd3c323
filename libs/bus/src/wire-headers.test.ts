// Headers written and read as text.
import { headers, type Msg } from "nats";
import { expect, test } from "vitest";
import {
  encodeHeaders,
  findHeader,
  headerText,
  listHeaders,
  reusableHeaders,
} from "./wire-headers.ts";

const textOf = (parts: Parameters<typeof encodeHeaders>[0]): string =>
  Buffer.from(encodeHeaders(parts) ?? []).toString("utf8");

test("only what is said is written", () => {
  expect(encodeHeaders({})).toBeUndefined();
  expect(encodeHeaders({ headers: {} })).toBeUndefined();
  expect(textOf({ id: "att-1" })).toBe("NATS/1.0\r\nNats-Msg-Id: att-1\r\n\r\n");
  expect(textOf({ id: "a", traceparent: "00-1", headers: { "ce-type": "T", "ce-id": "ñ" } })).toBe(
    "NATS/1.0\r\nNats-Msg-Id: a\r\ntraceparent: 00-1\r\nce-type: T\r\nce-id: ñ\r\n\r\n",
  );
});

test.each([
  [{ id: "a\nb" }, /header Nats-Msg-Id: "a\\nb": want a value of one line/],
  [{ traceparent: "a\r" }, /header traceparent: "a\\r"/],
  [{ headers: { x: "a\0" } }, /header x: "a\\u0000"/],
  [{ headers: { "x:y": "a" } }, /header "x:y": want a printable name without a colon/],
  [{ headers: { "": "a" } }, /header "": want/],
  [{ headers: { "a b": "a" } }, /header "a b": want/],
])("%j would break out of its line", (parts, message) => {
  expect(() => encodeHeaders(parts)).toThrow(message);
});

test("a header is found by its whole name", () => {
  const text =
    "NATS/1.0\r\nNats-Msg-Id:  a:b \r\nx-traceparent: no\r\ntraceparent: yes\r\nempty:\r\n\r\n";
  expect(findHeader(text, "Nats-Msg-Id")).toBe("a:b");
  expect(findHeader(text, "traceparent")).toBe("yes");
  expect(findHeader(text, "empty")).toBe("");
  expect(findHeader(text, "parent")).toBeUndefined();
  expect(findHeader("", "anything")).toBeUndefined();
  expect(listHeaders(text)).toEqual([
    ["Nats-Msg-Id", "a:b"],
    ["x-traceparent", "no"],
    ["traceparent", "yes"],
    ["empty", ""],
  ]);
  expect(listHeaders("")).toEqual([]);
});

test("without the client's private fields the public way gives the same text", () => {
  const all = headers();
  all.append("Nats-Msg-Id", "a");
  all.append("traceparent", "b");
  const message = (more: object): Msg => Object.assign(Object.create(null), more);
  expect(headerText(message({ headers: all }))).toBe(
    "NATS/1.0\r\nNats-Msg-Id: a\r\ntraceparent: b\r\n\r\n",
  );
  expect(headerText(message({}))).toBe("");
  const raw = Buffer.from("NATS/1.0\r\nx: é\r\n\r\nbody");
  expect(headerText(message({ _rdata: raw, _msg: { hdr: raw.length - 4 } }))).toBe(
    "NATS/1.0\r\nx: é\r\n\r\n",
  );
  expect(headerText(message({ _rdata: raw, _msg: { hdr: -1 } }))).toBe("");
});

test("one header object says what it was last told", () => {
  const reusable = reusableHeaders();
  const encoded = (): string => {
    const { encode } = Object.assign({ encode: () => new Uint8Array() }, reusable.object);
    return Buffer.from(encode()).toString();
  };
  expect(encoded()).toBe("NATS/1.0\r\n\r\n");
  reusable.set(Buffer.from("NATS/1.0\r\na: b\r\n\r\n"));
  expect(encoded()).toBe("NATS/1.0\r\na: b\r\n\r\n");
});
