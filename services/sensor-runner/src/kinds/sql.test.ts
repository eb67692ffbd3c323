import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { sensorsOf } from "../sensors.ts";
import { testOutside } from "../testing/outside.ts";
import { parseSql } from "./sql.ts";

const config = {
  connection: "warehouse",
  query: "select count(*)\nfrom delivery where day = :day",
  params: { day: "2026-01-02" },
};

test("a query with its values; once a minute", () => {
  expect(parseSql(config)).toMatchObject({
    pace: { intervalMs: 60_000 },
    of: { ...config, expect: undefined, failWhen: undefined },
  });
});

test("what is waited for is said in one line", () => {
  const sensors = sensorsOf(testOutside);
  expect(sensors.get("sensor.sql")?.what(parseSql(config).of)).toBe(
    'connection warehouse to have "select count(*) from delivery where day = :day"',
  );
});

test.each([
  [{}, "`connection` is missing; `query` is missing"],
  [{ ...config, params: {} }, "`query`:2:27: parameter :day has no value"],
  [{ ...config, query: "select 1; drop table x", params: {} }, "a query is one statement"],
  [{ ...config, params: { "a b": 1 } }, 'key "a b"'],
])("%j is refused: %s", (value, why) => {
  expect(() => parseSql(value)).toThrow(ConfigError);
  expect(() => parseSql(value)).toThrow(why);
});
