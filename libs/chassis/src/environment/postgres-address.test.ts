import { afterEach, expect, test } from "vitest";
import { forgetSecrets, mask } from "../secrets.ts";
import { postgresAddress } from "./postgres-address.ts";
import type { ConnectionOf } from "./resolve-connection.ts";

afterEach(forgetSecrets);

const nothing = {
  type: "postgres",
  url: undefined,
  host: undefined,
  port: undefined,
  database: undefined,
  user: undefined,
  password: undefined,
  tls: undefined,
} as const satisfies ConnectionOf<"postgres">;

test.each([
  [{ url: "postgres://u:hunter22@h/d" }, "postgres://u:hunter22@h/d"],
  [
    { url: "postgres://u:hunter22@h/d", tls: "require" },
    "postgres://u:hunter22@h/d?sslmode=require",
  ],
  [{ host: "h", database: "d", user: "u" }, "postgres://u@h:5432/d"],
  [
    { host: "::1", port: 6432, database: "a/b", user: "u@x", password: "p/@:w#rd", tls: "disable" },
    "postgres://u%40x:p%2F%40%3Aw%23rd@[::1]:6432/a%2Fb?sslmode=disable",
  ],
] as const)("%j is %s", (values, address) => {
  expect(postgresAddress({ ...nothing, ...values })).toBe(address);
});

test("the password is masked, as written and inside the address", () => {
  const values = { host: "h", database: "d", user: "u", password: "p/@:w#rd" };
  const address = postgresAddress({ ...nothing, ...values });
  expect(mask(`${address} has p/@:w#rd`)).toBe("[secret] has [secret]");
});
