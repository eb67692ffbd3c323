// What the INBOX may say where: rights to publish are given by subject, so a body that belongs elsewhere is refused.
import { RejectError } from "@chasqui/bus";
import { runIdOf, subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { type Body, inboxMessage } from "./say/inbox-message.ts";
import { translate } from "./translate.ts";

const runId = runIdOf("costs", "k1");
const cancel = { case: "cancelRun", value: { runId, by: "user:ana" } } as const;
const pause = { case: "setPaused", value: { dagId: "costs", paused: true } } as const;
const timer = { case: "timerDue", value: { runId } } as const;
const release = { case: "releaseSlots", value: { pool: "db", attemptId: "att-1" } } as const;
const folder: Body = { case: "changeDags", value: { changes: [{ dagId: "costs" }] } };

const heard = (what: Parameters<typeof inboxMessage>[0], body: Body) => {
  const { subject, data } = inboxMessage(what, "costs", "m1", body);
  return translate({ subject, data, isRepeated: false }).body.to;
};

test("each body is heard where its sort is said", () => {
  expect(heard("run", cancel)).toBe("run");
  expect(heard("run", timer)).toBe("run");
  expect(heard("dag", pause)).toBe("dag");
  expect(heard("dag", folder)).toBe("folder");
  expect(heard("pool", release)).toBe("pool");
});

test.each([
  ["update", cancel, "cancelRun"],
  ["update", pause, "setPaused"],
  ["update", folder, "changeDags"],
  ["dag", cancel, "cancelRun"],
  ["run", release, "releaseSlots"],
  ["pool", timer, "timerDue"],
] as const)("on %s nobody says %o", (what, body, said) => {
  expect(() => heard(what, body)).toThrow(RejectError);
  expect(() => heard(what, body)).toThrow(`${said} on ${subjects.inbox(what, "costs")}: want`);
});
