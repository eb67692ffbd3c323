// Addresses and header texts: what may reach a mail library.
import { expect, test } from "vitest";
import { headerText, parseAddress } from "./address.ts";

test.each([
  ["ana@example.com", "ana@example.com"],
  ["  ana.b+c@mail.example.co ", "ana.b+c@mail.example.co"],
  ["o'neil@x-y.example", "o'neil@x-y.example"],
])("%j is an address", (text, address) => {
  expect(parseAddress(text)).toBe(address);
});

test.each([
  "",
  "ana",
  "ana@host",
  "@example.com",
  "ana@",
  "ana@example..com",
  "ana@-example.com",
  ".ana@example.com",
  "ana b@example.com",
  "Ana <ana@example.com>",
  "a@example.com, b@example.com",
  "a@example.com;b@example.com",
  "a@example.com\r\nBcc: evil@example.com",
  "a@example.com\n",
  "a@example.com\u0000",
  "a\r\n@example.com",
  "añá@example.com",
  `${"a".repeat(65)}@example.com`,
  `a@${"b".repeat(250)}.com`,
  null,
  7,
])("%j is none", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test("a header text is one line", () => {
  expect(headerText("Costs\r\nBcc: evil@example.com\u0000\u2028x ", 200)).toBe(
    "Costs Bcc: evil@example.com x",
  );
  expect(headerText("á".repeat(300), 200)).toHaveLength(200);
});
