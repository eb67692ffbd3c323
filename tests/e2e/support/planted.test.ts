// What looks for secrets finds them.
import { expect, test } from "vitest";
import { hitsOf, plant, spellingsOf } from "./planted.ts";

const secret = plant("mail");
const isFound = (text: string): boolean =>
  hitsOf([{ name: "here", text, marker: "" }], [secret]).length > 0;

test.each<[string, string]>([
  ["plain", `password ${secret.value}!`],
  ["in an address", `postgres://a:${encodeURIComponent(secret.value)}@b/c`],
  ["in JSON", JSON.stringify({ password: secret.value })],
  ["as base-64", Buffer.from(secret.value).toString("base64")],
  ["in the base-64 of a login", Buffer.from(`\0someone\0${secret.value}`).toString("base64")],
  ["in a Basic header", Buffer.from(`user:${secret.value}`).toString("base64")],
  ["in base64url", Buffer.from(`ab${secret.value}cd`).toString("base64url")],
])("%s", (_, text) => {
  expect(isFound(text)).toBe(true);
});

test("and nothing where there is none", () => {
  expect(isFound(`password [secret] ${plant("other").value}`)).toBe(false);
  for (const spelling of spellingsOf(secret.value)) expect(spelling.length).toBeGreaterThan(20);
});
