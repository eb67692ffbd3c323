import { expect, test } from "vitest";
import { spanOf } from "./span.ts";

const words = (text: string, zone: string): string | undefined => {
  const span = spanOf(text, zone);
  return span && [span.fromMs, span.toMs].map((ms) => new Date(ms).toISOString()).join(" ");
};

test.each([
  ["2026-10-01", "UTC", "2026-10-01T00:00:00.000Z 2026-10-01T23:59:59.999Z"],
  ["2026-10-01", "America/Bogota", "2026-10-01T05:00:00.000Z 2026-10-02T04:59:59.999Z"],
  ["2026-10-25", "Europe/Madrid", "2026-10-24T22:00:00.000Z 2026-10-25T22:59:59.999Z"],
  ["2026-10-01T19:00", "America/Bogota", "2026-10-02T00:00:00.000Z 2026-10-02T00:00:00.000Z"],
  ["2026-10-25T02:30", "Europe/Madrid", "2026-10-25T00:30:00.000Z 2026-10-25T01:30:00.000Z"],
  ["2026-10-01T19:00:00-05:00", "UTC", "2026-10-02T00:00:00.000Z 2026-10-02T00:00:00.000Z"],
  ["2026-02-30", "UTC", undefined],
  ["yesterday", "UTC", undefined],
])("%s in %s", (text, zone, want) => {
  expect(words(text, zone)).toBe(want);
});
