// Connections of the environment file: what a mail server needs beyond its fields.
import { expect, test } from "vitest";
import type { ConnectionOf } from "@chasqui/chassis";
import { mailConnection } from "./connections.ts";

const smtp: ConnectionOf<"smtp"> = {
  type: "smtp",
  host: "mail.example",
  port: undefined,
  from: "C <r@chasqui.example>",
  user: undefined,
  password: undefined,
  tls: undefined,
  lookup_url: undefined,
};
const mail = (rest: Partial<ConnectionOf<"smtp">>) => mailConnection("mail", { ...smtp, ...rest });

test("a mail connection is whole", () => {
  expect(mail({ port: 2525, user: "u", password: "p" })).toEqual({
    host: "mail.example",
    port: 2525,
    from: "C <r@chasqui.example>",
    domain: "chasqui.example",
    user: "u",
    password: "p",
    tls: "required",
    lookUpUrl: undefined,
  });
  expect(mail({ from: "r@x.example" })).toMatchObject({ domain: "x.example", port: 25 });
});

test.each([
  [{ user: "u", password: "p" }, "required"],
  [{ user: "u", password: "p", host: "127.0.0.1" }, "opportunistic"],
  [{ user: "u", password: "p", tls: "none" }, "none"],
  [{}, "opportunistic"],
] as const)("%j goes over a line that is %s", (rest, tls) => {
  expect(mail(rest).tls).toBe(tls);
});

test.each([
  [{ from: "nobody" }, 'connection mail: from is "nobody": want an address like'],
  [{ from: "a@x.example\r\nBcc: e@y.example" }, "connection mail: from is"],
  [{ user: "u" }, "connection mail: want user and password, or neither"],
])("%j is refused", (rest, message) => {
  expect(() => mail(rest)).toThrow(message);
});
