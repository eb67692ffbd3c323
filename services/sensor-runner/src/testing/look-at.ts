// What a look is given, for tests of one kind.
import type { LookAt } from "../kinds/kind.ts";

export const lookAt = (change: Partial<LookAt> = {}): LookAt => ({
  progress: { polls: 0, silences: 0, note: "", cursor: null },
  nowMs: Date.parse("2026-01-02T03:04:05Z"),
  deadlineMs: Date.parse("2026-01-03T03:04:05Z"),
  signal: new AbortController().signal,
  ...change,
});
