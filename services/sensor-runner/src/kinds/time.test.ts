import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { parseTime } from "./time.ts";

test.each([
  [{ until: "2026-01-02T18:00", timezone: "America/Bogota" }, "2026-01-02T23:00:00.000Z"],
  [{ until: "2026-01-02" }, "2026-01-02T00:00:00.000Z"],
  [{ until: "2026-01-02T18:00:00+01:00", timezone: "America/Bogota" }, "2026-01-02T17:00:00.000Z"],
])("%j", (config, instant) => {
  expect(parseTime(config).of.untilMs).toBe(Date.parse(instant));
});

test("a delay; and how long it waits", () => {
  expect(parseTime({ delay: "1h30m", timeout: "2h", soft_fail: true })).toMatchObject({
    timeoutMs: 7_200_000,
    softFail: true,
    of: { untilMs: undefined, delayMs: 5_400_000, timezone: "UTC" },
  });
  expect(parseTime({ delay: "0s" }).of.delayMs).toBe(0);
});

test.each([
  [{}, "0 of `until`, `delay` are given: want exactly one"],
  [{ until: "2026-01-02", delay: "1h" }, "2 of `until`, `delay` are given"],
  [{ until: "at six" }, '`until` is "at six": want 2026-10-06T18:00'],
  [{ until: "2026-01-02", timezone: "Bogota" }, 'is "Bogota": want a zone like America/Bogota'],
  [{ delay: "soon" }, "want a time like"],
])("%j is refused: %s", (config, why) => {
  expect(() => parseTime(config)).toThrow(ConfigError);
  expect(() => parseTime(config)).toThrow(why);
});
