import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { TOLERANCE_MS, verify } from "./signature.ts";
import type { Signing } from "./signature.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00Z");
const body = Buffer.from('{"action":"opened","n":1}');
const signing: Signing = {
  scheme: "hmac",
  secrets: ["new secret", "old secret"],
  header: "x-hub-signature-256",
};
const hex = (secret: string, of = body): string =>
  createHmac("sha256", secret).update(of).digest("hex");
const ask = (headers: Record<string, string>, of: Uint8Array = body, as = signing, now = NOW_MS) =>
  verify({ body: of, header: (name) => headers[name] }, as, now);

test("hmac: the vector that GitHub documents", () => {
  const given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const documented = { ...signing, secrets: ["It's a Secret to Everybody"] };
  const answer = ask({ "x-hub-signature-256": given }, Buffer.from("Hello, World!"), documented);
  expect(answer).toMatchObject({ ok: true });
});

test.each(["new secret", "old secret"])("hmac with %s, with and without sha256=", (secret) => {
  for (const given of [`sha256=${hex(secret)}`, hex(secret), hex(secret).toUpperCase()])
    expect(ask({ "x-hub-signature-256": given })).toEqual({
      ok: true,
      id: expect.stringMatching(/^body-[0-9a-f]{40}$/),
    });
});

test("hmac: the id is the body's, whatever unsigned headers say", () => {
  const given = { "x-hub-signature-256": hex("new secret") };
  const again = { ...given, "x-github-delivery": "another" };
  expect(ask(given)).toEqual(ask(again));
  const other = Buffer.from('{"n":2}');
  expect(ask({ "x-hub-signature-256": hex("new secret", other) }, other)).not.toEqual(ask(given));
});

test.each<[string, Record<string, string>, Uint8Array, RegExp]>([
  ["no header", {}, body, /no header x-hub-signature-256/],
  ["an empty one", { "x-hub-signature-256": "" }, body, /no header/],
  ["another secret", { "x-hub-signature-256": hex("guess") }, body, /is not the HMAC-SHA256/],
  ["another body", { "x-hub-signature-256": hex("new secret") }, Buffer.from("{}"), /is not the/],
  ["half of it", { "x-hub-signature-256": hex("new secret").slice(0, 32) }, body, /is not the/],
  ["no hex", { "x-hub-signature-256": "sha256=zz" }, body, /is not the HMAC-SHA256/],
])("hmac, %s: refused", (_, headers, of, reason) => {
  expect(ask(headers, of)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
});

const KEY = Buffer.from("a key of some bytes");
const standard: Signing = {
  scheme: "standard",
  secrets: [`whsec_${KEY.toString("base64")}`],
  header: "",
};
function signed(changes: Record<string, string> = {}, key: Uint8Array = KEY, of = body) {
  const id = "msg_1";
  const time = String(NOW_MS / 1_000);
  const content = Buffer.concat([Buffer.from(`${id}.${time}.`), of]);
  const signature = createHmac("sha256", key).update(content).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": time,
    "webhook-signature": `v1,${signature}`,
    ...changes,
  };
}

test("standard: id, time and body are signed together; one of several signatures is enough", () => {
  expect(ask(signed(), body, standard)).toEqual({ ok: true, id: "msg_1" });
  const several = `v1,bm9wZQ== v2,x ${signed()["webhook-signature"]}`;
  expect(ask(signed({ "webhook-signature": several }), body, standard)).toMatchObject({ ok: true });
});

test.each<[string, Record<string, string>, RegExp]>([
  ["no headers", {}, /want the headers webhook-id/],
  ["another id", signed({ "webhook-id": "msg_2" }), /no signature .* fits/],
  ["another key", signed({}, Buffer.from("guess")), /no signature .* fits/],
  ["another version", signed({ "webhook-signature": "v2,abc" }), /no signature .* fits/],
  ["no time", signed({ "webhook-timestamp": "now" }), /webhook-timestamp is now/],
  ["an id with a line feed", signed({ "webhook-id": "a\nb" }), /webhook-id: want 1 to 256/],
])("standard, %s: refused", (_, headers, reason) => {
  expect(ask(headers, body, standard)).toEqual({
    ok: false,
    reason: expect.stringMatching(reason),
  });
});

test.each([-1, 1])("standard: five minutes, and not a millisecond more (%i)", (sign) => {
  const at = (ms: number) => ask(signed(), body, standard, NOW_MS + sign * ms);
  expect(at(TOLERANCE_MS)).toMatchObject({ ok: true });
  expect(at(TOLERANCE_MS + 1)).toMatchObject({ ok: false });
});

// Slack's own example, https://docs.slack.dev/authentication/verifying-requests-from-slack
const slack: Signing = {
  scheme: "slack",
  secrets: ["8f742231b10e8888abcd99yyyzzz85a5"],
  header: "",
};
const SLACK_BODY = Buffer.from(
  "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
);
const SLACK_MS = 1_531_420_618_000;
const ofSlack = {
  "x-slack-request-timestamp": "1531420618",
  "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
};

test("slack: its own example fits, and the signature identifies the request", () => {
  expect(ask(ofSlack, SLACK_BODY, slack, SLACK_MS)).toEqual({
    ok: true,
    id: "slack-a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
  });
});

test.each<[string, Record<string, string>, Uint8Array, number, RegExp]>([
  ["no headers", {}, SLACK_BODY, 0, /want the headers x-slack-request-timestamp/],
  ["another body", ofSlack, Buffer.from("payload={}"), 0, /does not fit/],
  ["another time", { ...ofSlack, "x-slack-request-timestamp": "1531420619" }, SLACK_BODY, 0, /fit/],
  ["no hex", { ...ofSlack, "x-slack-signature": "v0=zz" }, SLACK_BODY, 0, /does not fit/],
  ["an old one", ofSlack, SLACK_BODY, TOLERANCE_MS + 1, /within 5 minutes/],
  ["one of the future", ofSlack, SLACK_BODY, -TOLERANCE_MS - 1, /within 5 minutes/],
])("slack, %s: refused", (_, headers, of, laterMs, reason) => {
  expect(ask(headers, of, slack, SLACK_MS + laterMs)).toEqual({
    ok: false,
    reason: expect.stringMatching(reason),
  });
});
