import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { objectSensor, parseObject } from "./object.ts";

const base = { connection: "exports", bucket: "exports" };

test("a key", () => {
  expect(parseObject({ ...base, key: "daily/2026-01-02.csv" })).toMatchObject({
    pace: { intervalMs: 60_000 },
    of: { ...base, key: "daily/2026-01-02.csv", prefix: undefined, minBytes: 0, minCount: 1 },
  });
});

test("a prefix, with what counts", () => {
  const spec = parseObject({
    ...base,
    prefix: "daily/",
    newer_than: "2026-01-02",
    timezone: "America/Bogota",
    min_bytes: 1,
    min_count: 3,
  });
  expect(spec.of).toMatchObject({
    prefix: "daily/",
    newerThanMs: Date.parse("2026-01-02T05:00:00Z"),
    minBytes: 1,
    minCount: 3,
  });
});

test("what is waited for, in words", () => {
  const { what } = objectSensor(() => Promise.reject(new Error("not here")));
  const said = (more: object): string => what(parseObject({ ...base, ...more }).of);
  expect(said({ key: "a/b" })).toBe("object a/b in bucket exports");
  expect(said({ prefix: "a/" })).toBe("an object below a/ in bucket exports");
  expect(said({ prefix: "a/", min_count: 3 })).toBe("3 objects below a/ in bucket exports");
});

test.each([
  [{}, "0 of `key`, `prefix` are given"],
  [{ key: "a", prefix: "b" }, "2 of `key`, `prefix` are given"],
  [{ key: "/a" }, '`key` is "/a": want one like daily/2026-10-06/routes.csv'],
  [{ key: "a", bucket: "s3://exports" }, "want a bucket's name, without s3://"],
  [{ key: "a", newer_than: "yesterday" }, '`newer_than` is "yesterday": want 2026-10-06'],
  [{ prefix: "a", min_count: 10_001 }, "want an integer in 1..10000"],
])("%j is refused: %s", (more, why) => {
  expect(() => parseObject({ ...base, ...more })).toThrow(ConfigError);
  expect(() => parseObject({ ...base, ...more })).toThrow(why);
});
