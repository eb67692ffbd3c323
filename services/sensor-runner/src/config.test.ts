import { builtInKindSchemas } from "@chasqui/contracts";
import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { parseSensorConfig, sensorConfigFields } from "./config.ts";

test("what is announced is what is read", () => {
  const announced = Object.keys(builtInKindSchemas["sensor.http"]?.properties ?? {});
  expect([...sensorConfigFields].sort()).toEqual(announced.sort());
});

test("a URL is enough", () => {
  expect(parseSensorConfig({ url: "https://api.example/ready" })).toEqual({
    url: "https://api.example/ready",
    method: "GET",
    headers: {},
    expectStatus: [],
    expectBody: undefined,
    intervalMs: 30_000,
    timeoutMs: undefined,
    softFail: false,
    connection: undefined,
  });
});

test("everything", () => {
  const config = parseSensorConfig({
    url: "/ready",
    method: "POST",
    headers: { "x-team": "logistics" },
    expect: { status: [200, 404], body: "response.body.ready" },
    interval: "1m30s",
    timeout: "2h",
    soft_fail: true,
    connection: "routes",
  });
  expect(config).toMatchObject({
    expectStatus: [200, 404],
    expectBody: "response.body.ready",
    intervalMs: 90_000,
    timeoutMs: 7_200_000,
    connection: "routes",
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
  [{ url: "https://x/", expect: { status: 200 } }, "want a list"],
])("%j is refused: %s", (config, why) => {
  expect(() => parseSensorConfig(config)).toThrow(ConfigError);
  expect(() => parseSensorConfig(config)).toThrow(why);
});
