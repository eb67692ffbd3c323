import { expect, test } from "vitest";
import fc from "fast-check";
import {
  CloudEventError,
  cloudEventHeaders,
  readCloudEvent,
  triggerData,
  triggerMessage,
} from "./cloud-events.ts";

const message = (headers: Record<string, string>, body: string | Uint8Array = "") => ({
  data: typeof body === "string" ? new TextEncoder().encode(body) : body,
  header: (name: string): string | undefined => headers[name],
});
const binary = {
  "ce-specversion": "1.0",
  "ce-id": "7",
  "ce-source": "logistics",
  "ce-type": "routes.closed",
};
const structured = { specversion: "1.0", id: "7", source: "logistics", type: "routes.closed" };

test("C1: attributes survive the headers, whatever characters they hold", () => {
  const value = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(value, value, value, value, (id, source, type, subject) => {
      const headers = cloudEventHeaders({ id, source, type, subject });
      for (const text of Object.values(headers)) expect(text).toMatch(/^[\x21-\x7e]*$/);
      expect(readCloudEvent(message(headers))).toMatchObject({ id, source, type, subject });
    }),
  );
});

test.each(["json", "protobuf"] as const)("the helper's message in %s reads back", (encoding) => {
  const built = triggerMessage({
    source: "logistics",
    name: "routes.closed",
    id: "routes-2026-11-22",
    data: { country: "CO", routes: 12 },
    time: new Date("2026-11-22T23:30:00Z"),
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    encoding,
  });
  expect(built.subject).toBe("chasqui.trigger.logistics.routes.closed");
  const event = readCloudEvent(message(built.headers, built.body));
  expect(event).toMatchObject({
    id: "routes-2026-11-22",
    source: "logistics",
    time: "2026-11-22T23:30:00.000Z",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  });
  expect(triggerData(event)).toEqual({ country: "CO", routes: 12 });
});

test("the same source and id have the same Nats-Msg-Id, another id has another", () => {
  const idOf = (id: string): string | undefined =>
    triggerMessage({ source: "logistics", name: "routes.closed", id }).headers["Nats-Msg-Id"];
  expect(idOf("a")).toBe(idOf("a"));
  expect(idOf("a")).not.toBe(idOf("b"));
});

test.each([
  ["a content type and no headers", { "content-type": "application/cloudevents+json" }],
  ["nothing but a body", {}],
])("C2: structured mode with %s", (_, headers) => {
  const body = JSON.stringify({ ...structured, data: { country: "CO" } });
  const event = readCloudEvent(message(headers, body));
  expect(event.id).toBe("7");
  expect(triggerData(event)).toEqual({ country: "CO" });
});

test("C2: structured mode with data_base64", () => {
  const data_base64 = Buffer.from('{"country":"CO"}').toString("base64");
  const event = readCloudEvent(message({}, JSON.stringify({ ...structured, data_base64 })));
  expect(triggerData(event)).toEqual({ country: "CO" });
});

test("a charset and upper case in the content type do not matter; an empty body is no data", () => {
  const headers = { ...binary, "ce-datacontenttype": "Application/JSON; charset=utf-8" };
  expect(triggerData(readCloudEvent(message(headers, '{"a":1}')))).toEqual({ a: 1 });
  expect(triggerData(readCloudEvent(message(headers)))).toEqual({});
});

test("C3: what is wrong is said in words", () => {
  const read = (headers: Record<string, string>, body = ""): unknown =>
    triggerData(readCloudEvent(message(headers, body)));
  const { "ce-id": _, ...withoutId } = binary;
  const cases: [Record<string, string>, string, RegExp][] = [
    [{}, "hello", /no header ce-specversion, and the body is not a JSON object/],
    [{ "content-type": "text/plain" }, "{}", /content-type is "text\/plain": want "ce-specversion/],
    [{}, '{"specversion":"0.3"}', /attribute specversion is "0.3": want 1.0/],
    [{}, '{"country":"CO"}', /attribute specversion is missing: want 1.0/],
    [{}, '{"specversion":"1.0","id":7}', /attribute id is 7: want a string/],
    [withoutId, "{}", /header ce-id is missing/],
    [{ ...binary, "ce-source": "" }, "{}", /header ce-source is empty/],
    [
      { ...binary, "ce-datacontenttype": "text/csv" },
      "a",
      /"text\/csv": want application\/json or/,
    ],
    [binary, "{", /the body is not JSON in UTF-8/],
    [{ ...binary, "ce-datacontenttype": "application/protobuf" }, "\x0f", /not a chasqui.trigger/],
  ];
  for (const [headers, body, reason] of cases) {
    expect(() => read(headers, body)).toThrow(reason);
    expect(() => read(headers, body)).toThrow(CloudEventError);
  }
});

test("the helper refuses what no publisher may say", () => {
  expect(() => triggerMessage({ source: "a.b", name: "x", id: "1" })).toThrow(
    /not a subject token/,
  );
  expect(() => triggerMessage({ source: "a", name: "x y", id: "1" })).toThrow(
    /not a subject token/,
  );
  expect(() => triggerMessage({ source: "a", name: "x", id: "" })).toThrow(/the id is empty/);
});
