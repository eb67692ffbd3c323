import { expect, test } from "vitest";
import { ASK_AGAIN_MS, GRACE_MS, RETAIN_MS, afterAsking, beforeAsking } from "./sweep.ts";
import type { HeldJob } from "./sweep.ts";

const NOW_MS = 10_000_000;
const job = (state: HeldJob["state"], createdMs = 0): HeldJob => ({
  attemptId: "att-x",
  createdMs,
  state,
});

test.each([
  ["young and active", job({ is: "active" }, NOW_MS - GRACE_MS + 1), "keep"],
  ["active for a while", job({ is: "active" }, NOW_MS - GRACE_MS), "ask"],
  ["ended, not reported", job({ is: "ended" }), "report"],
  ["just reported", job({ is: "ended", reportedMs: NOW_MS - GRACE_MS + 1 }), "keep"],
  ["reported a while ago", job({ is: "ended", reportedMs: NOW_MS - GRACE_MS }), "ask"],
  ["confirmed", job({ is: "confirmed", confirmedMs: NOW_MS - RETAIN_MS + 1 }), "keep"],
  ["confirmed long ago", job({ is: "confirmed", confirmedMs: NOW_MS - RETAIN_MS }), "discard"],
])("before asking: %s", (_name, held, action) => {
  expect(beforeAsking(held, NOW_MS)).toBe(action);
});

test.each([
  ["active and wanted", job({ is: "active" }), true, "keep"],
  ["active and not wanted: an orphan", job({ is: "active" }), false, "end"],
  ["reported, and the state machine does not show it", job({ is: "ended" }), true, "report"],
  ["reported, and the state machine has it", job({ is: "ended" }), false, "confirm"],
])("after asking: %s", (_name, held, wanted, action) => {
  expect(afterAsking(held, { wanted })).toBe(action);
});

test("what runs and was wanted is asked about again only now and then", () => {
  const active = job({ is: "active" });
  expect(beforeAsking(active, NOW_MS, NOW_MS - ASK_AGAIN_MS + 1)).toBe("keep");
  expect(beforeAsking(active, NOW_MS, NOW_MS - ASK_AGAIN_MS)).toBe("ask");
  const ended = job({ is: "ended", reportedMs: NOW_MS - GRACE_MS });
  expect(beforeAsking(ended, NOW_MS, NOW_MS - 1)).toBe("ask");
});
