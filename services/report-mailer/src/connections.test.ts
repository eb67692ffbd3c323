// Connections of the environment file: what a mail server and a warehouse need, and what is said when it is not there.
import { expect, test } from "vitest";
import { type ConnectionValues, mailConnection, warehouseUrl } from "./connections.ts";

const smtp = { type: "smtp", host: "mail.example", port: 587, from: "C <r@chasqui.example>" };
const mail = (rest: ConnectionValues) => mailConnection("mail", () => ({ ...smtp, ...rest }));

test("a mail connection is whole", () => {
  expect(mail({ port: "2525", user: "u", password: "p" })).toEqual({
    host: "mail.example",
    port: 2525,
    from: "C <r@chasqui.example>",
    domain: "chasqui.example",
    user: "u",
    password: "p",
    tls: "required",
    lookUpUrl: undefined,
  });
  expect(mail({ from: "r@x.example" }).domain).toBe("x.example");
});

test.each([
  [{ user: "u", password: "p" }, "required"],
  [{ user: "u", password: "p", host: "127.0.0.1" }, "opportunistic"],
  [{ user: "u", password: "p", tls: "none" }, "none"],
  [{}, "opportunistic"],
])("%j goes over a line that is %s", (rest, tls) => {
  expect(mail(rest).tls).toBe(tls);
});

test.each([
  [{ host: "" }, 'connection mail: host is "": want a host'],
  [{ port: 0 }, "connection mail: port is 0: want 1 to 65535"],
  [{ from: "nobody" }, 'connection mail: from is "nobody": want an address like'],
  [{ from: "a@x.example\r\nBcc: e@y.example" }, "connection mail: from is"],
  [{ user: "u" }, "connection mail: want user and password, or neither"],
  [{ tls: "maybe" }, 'connection mail: tls is "maybe": want required, opportunistic or none'],
  [{ lookup_url: "ftp://x" }, 'connection mail: lookup_url is "ftp://x": want'],
  [{ type: "slack" }, 'connection mail is of type "slack": want smtp'],
])("%j is refused", (rest, message) => {
  expect(() => mail(rest)).toThrow(message);
});

test("a warehouse is an address, and its password is not in the error", () => {
  const url = "postgres://u:hunter22@db/w";
  expect(warehouseUrl("warehouse", () => ({ type: "postgres", url }))).toBe(url);
  const wrong = () =>
    warehouseUrl("warehouse", () => ({ type: "postgres", url: "my:hunter22@db" }));
  expect(wrong).toThrow("connection warehouse: url: want postgres://user:password@host/database");
});
