// A run's events on the command line.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

test("each event has its number, its task and what matters of it", async () => {
  const time = timestampFromMs(Date.parse("2026-11-22T10:00:00Z"));
  await using server = await startFakeServer({
    history: [
      { version: 1, index: 0, time, type: "run_created", cause: "m1", data: { admitted: true } },
      {
        version: 1,
        index: 1,
        time,
        type: "task_assigned",
        cause: "m1",
        data: { t: "load", i: 2, a: 1 },
      },
      {
        ...{ version: 2, index: 0, time, type: "attempt_failed", cause: "m2" },
        data: { t: "load", i: 2, a: 1, s: 3, failure: { class: "code" }, retryMs: 5 },
      },
    ],
  });
  const { code, out } = await invoke(["history", "run-1"], { server: server.url });
  expect(code).toBe(0);
  const [head, ...lines] = out.trimEnd().split("\n");
  expect(head).toMatch(/^EVENT\s+AT\s+WHAT\s+TASK\s+DETAIL$/);
  expect(lines[0]).toMatch(/^1\s.*run created\s+admitted true$/);
  expect(lines[1]).toMatch(/^2\s.*task assigned\s+load\[2\]\s+attempt 1$/);
  expect(lines[2]).toMatch(
    /^3\s.*attempt failed\s+load\[2\]\s+attempt 1, failure {"class":"code"}$/,
  );
});
