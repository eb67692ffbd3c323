import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { parseHttp } from "./http.ts";

test("a URL is enough", () => {
  expect(parseHttp({ url: "https://api.example/ready" })).toEqual({
    pace: { intervalMs: 30_000, factor: 1, intervalMsMax: 600_000 },
    timeoutMs: undefined,
    softFail: false,
    of: {
      url: "https://api.example/ready",
      method: "GET",
      headers: {},
      expectStatus: [],
      expectBody: undefined,
      failWhen: undefined,
      connection: undefined,
    },
  });
});

test("everything", () => {
  const spec = parseHttp({
    url: "/ready",
    method: "POST",
    headers: { "x-team": "logistics" },
    expect: { status: [200, 404], body: "response.body.ready" },
    fail_when: "response.body.broken",
    interval: "1m30s",
    factor: 1.5,
    max_interval: "10m",
    timeout: "2h",
    soft_fail: true,
    connection: "routes",
  });
  expect(spec).toMatchObject({
    pace: { intervalMs: 90_000, factor: 1.5, intervalMsMax: 600_000 },
    timeoutMs: 7_200_000,
    softFail: true,
    of: {
      expectStatus: [200, 404],
      expectBody: "response.body.ready",
      failWhen: "response.body.broken",
      connection: "routes",
    },
  });
});

test.each([
  [{}, "`url` is missing"],
  [{ url: "ftp://x/y" }, 'is "ftp://x/y": want an address like https://host/path'],
  [{ url: "/ready" }, "want an address like https://host/path"],
  [{ url: "//host/x", connection: "c" }, "want an address like https://host/path"],
  [{ url: "https://ana:hunter2@x/" }, 'is "https://…@x/": want no user and password'],
  [{ url: "https://x/", headers: { "a b": "c" } }, 'key "a b"'],
  [{ url: "https://x/", headers: { a: "b\r\nc: d" } }, "want one line"],
  [{ url: "https://x/", interval: "1ms" }, "want a time like"],
  [{ url: "https://x/", factor: 0.5 }, "want a number in 1..10"],
  [{ url: "https://x/", expect: { status: 200 } }, "want a list"],
])("%j is refused: %s", (config, why) => {
  expect(() => parseHttp(config)).toThrow(ConfigError);
  expect(() => parseHttp(config)).toThrow(why);
});
