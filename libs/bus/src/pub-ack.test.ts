// Answers of a server to a publish, as 2.9 and later ones write them.
import type { Msg } from "nats";
import { expect, test } from "vitest";
import { readPubAck } from "./pub-ack.ts";

function answer(body: string, header = ""): Msg {
  const data = Buffer.from(body);
  const raw = Buffer.from(header);
  const fields = {
    data,
    string: () => body,
    _rdata: Buffer.concat([raw, data]),
    _msg: { hdr: raw.length > 0 ? raw.length : -1 },
  };
  return Object.assign(Object.create(null), fields);
}
const error = (code: number, description: string): string =>
  JSON.stringify({ error: { code: 503, err_code: code, description }, stream: "S", seq: 0 });

test.each([
  ['{"stream":"CHASQUI_INBOX", "seq":1}', "stored"],
  ['{"stream":"CHASQUI_INBOX","seq":90071992547409}', "stored"],
  ['{"stream":"S","domain":"hub","seq":12}', "stored"],
  ['{"stream":"S","seq":12,"domain":"hub"}', "stored"],
  ['{"stream":"S", "seq":12,"duplicate": true}', "duplicate"],
  ['{"stream":"S","seq":12,"duplicate":false}', "stored"],
  [error(10077, "maximum messages per subject exceeded"), "refused"],
  [error(10077, "maximum messages exceeded"), "refused"],
  [error(10077, "maximum bytes exceeded"), "refused"],
  [error(10077, "no space left on device"), "failed"],
  [error(10023, "insufficient resources"), "failed"],
  ['{"error":{}}', "failed"],
  ['{"strange":1}', "failed"],
  ["[1]", "failed"],
  ["not json 1}", "failed"],
])("%s is %s", (body, outcome) => {
  const ack = readPubAck(answer(body));
  expect(ack.outcome).toBe(outcome);
  expect(ack.reason === undefined).toBe(outcome === "stored" || outcome === "duplicate");
});

test("no responders and other statuses say why", () => {
  expect(readPubAck(answer("", "NATS/1.0 503\r\n\r\n"))).toEqual({
    outcome: "failed",
    reason: "no stream has this subject",
  });
  expect(readPubAck(answer("", "NATS/1.0 408 Timeout\r\n\r\n")).reason).toBe(
    "the server answered 408",
  );
  expect(readPubAck(answer("")).reason).toBe("the server answered nothing");
  expect(readPubAck(answer(error(10077, "maximum bytes exceeded"))).reason).toBe(
    "maximum bytes exceeded (10077)",
  );
});
