// What SMTP conversations prove: a table of real ones.
import { expect, test } from "vitest";
import { sendResultOf, type SendError } from "./send-result.ts";

const before = (rest: Partial<SendError>): SendError => ({
  bodyBegun: false,
  message: "no",
  ...rest,
});
const after = (rest: Partial<SendError>): SendError => ({ ...before(rest), bodyBegun: true });

test.each([
  ["refused connection", before({ code: "ESOCKET", command: "CONN" }), "everyone, temporary"],
  ["no greeting", before({ code: "ETIMEDOUT", command: "CONN" }), "everyone, temporary"],
  [
    "bad credentials",
    before({ code: "EAUTH", responseCode: 535, command: "AUTH PLAIN" }),
    "everyone, for good",
  ],
  ["credentials not now", before({ code: "EAUTH", responseCode: 454 }), "everyone, temporary"],
  [
    "sender refused",
    before({ code: "EENVELOPE", responseCode: 550, command: "MAIL FROM" }),
    "everyone, for good",
  ],
  [
    "mail too big",
    before({ code: "EENVELOPE", responseCode: 552, command: "MAIL FROM" }),
    "recipient, for good",
  ],
  [
    "too big for what the server said",
    before({ code: "EMESSAGE", command: "MAIL FROM" }),
    "recipient, for good",
  ],
  [
    "greylisted",
    before({ code: "EENVELOPE", responseCode: 451, command: "RCPT TO" }),
    "recipient, temporary",
  ],
  [
    "no such user",
    before({ code: "EENVELOPE", responseCode: 550, command: "RCPT TO" }),
    "recipient, for good",
  ],
  [
    "server closes",
    before({ code: "ECONNECTION", responseCode: 421, command: "CONN" }),
    "everyone, temporary",
  ],
  [
    "DATA refused",
    before({ code: "EENVELOPE", responseCode: 554, command: "DATA" }),
    "recipient, for good",
  ],
  ["spam", after({ code: "EMESSAGE", responseCode: 554, command: "DATA" }), "recipient, for good"],
  [
    "disk full",
    after({ code: "EMESSAGE", responseCode: 452, command: "DATA" }),
    "recipient, temporary",
  ],
  ["connection lost in the body", after({ code: "ECONNECTION", command: "CONN" }), "doubt"],
  ["time-out after the body", after({ code: "ETIMEDOUT", command: "CONN" }), "doubt"],
  ["421 after the body", after({ code: "ECONNECTION", responseCode: 421 }), "doubt"],
  [
    "421 in the place of the body's answer",
    after({ code: "EMESSAGE", responseCode: 421, command: "DATA" }),
    "doubt",
  ],
  ["half an answer", after({ code: "ECONNECTION", responseCode: 550 }), "doubt"],
] satisfies [string, SendError, string][])("%s", (_name, error, expected) => {
  const result = sendResultOf(error);
  const text =
    result.kind === "refused"
      ? `${result.scope}, ${result.permanent ? "for good" : "temporary"}`
      : result.kind;
  expect(text).toBe(expected);
});

test("the message says what the server said, in one line", () => {
  const result = sendResultOf(
    before({
      code: "EENVELOPE",
      responseCode: 550,
      response: "550 5.1.1\r\n no such user",
      command: "RCPT TO",
    }),
  );
  expect(result.kind === "accepted" ? "" : result.message).toBe(
    "not sent: 550 5.1.1 no such user at RCPT TO",
  );
});
