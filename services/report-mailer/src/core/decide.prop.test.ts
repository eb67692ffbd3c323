// The invariants of decide.ts and delivery.ts, over random rows.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { claim, doubtClaim, leaveOut, resolveDoubt, settleClaim } from "./delivery.ts";
import type { Delivery } from "./delivery.ts";
import type { Candidate } from "./recipients.ts";
import { sendResultOf, type SendError } from "./send-result.ts";

const runId = fc.constantFrom("run-1", "run-2");
const address = fc.constantFrom("a@example.com", "b@example.com");
const common = fc.record({
  version: fc.integer({ min: 1, max: 9 }),
  runId,
  taskId: fc.constant("mail"),
  attemptId: fc.constantFrom("att-1", "att-2"),
});
const mailed = fc
  .tuple(common, address)
  .map(([row, to]) => ({ ...row, address: to, messageId: "<m@x>" }));

const row: fc.Arbitrary<Delivery> = fc.oneof(
  common.map((c): Delivery => ({ state: "left_out", ...c, reason: "no rows" })),
  fc
    .tuple(mailed, fc.integer({ min: -5, max: 5 }))
    .map(([m, leaseLeftMs]): Delivery => ({ state: "claimed", ...m, leaseLeftMs })),
  mailed.map((m): Delivery => ({ state: "sent", ...m, evidence: {} })),
  fc
    .tuple(mailed, fc.constantFrom("pending", "failed", "unconfirmed"))
    .map(([m, state]): Delivery => ({ state, ...m, reason: "why", evidence: {} })),
);

const candidate: fc.Arbitrary<Candidate> = fc.oneof(
  fc.constant<Candidate>({ kind: "left_out", key: "k", reason: "inactive" }),
  address.map((to): Candidate => ({
    kind: "due",
    key: "k",
    address: to,
    locale: "en",
    recipient: {},
    rows: [{ n: 1 }],
  })),
);
const circumstances = fc.record({ runId, canLookUp: fc.boolean() });

const sendError: fc.Arbitrary<SendError> = fc.record({
  bodyBegun: fc.boolean(),
  message: fc.string(),
  code: fc.constantFrom(undefined, "EENVELOPE", "EMESSAGE", "EAUTH", "ETIMEDOUT", "ESOCKET"),
  responseCode: fc.constantFrom(undefined, 250, 421, 451, 550, 552, 554),
  response: fc.constantFrom(undefined, "550 no such user"),
  command: fc.constantFrom(undefined, "CONN", "MAIL FROM", "RCPT TO", "DATA"),
});

test("N1 nothing but claim leads to a mail, and no row that may have one is claimed", () => {
  fc.assert(
    fc.property(candidate, row, circumstances, (who, stored, about) => {
      const decision = decide(who, stored, about);
      if (decision.do !== "claim") return;
      expect(who.kind).toBe("due");
      expect(["left_out", "pending", "failed"]).toContain(stored.state);
    }),
  );
});

test("N2 a live claim is waited for, an old one is a doubt, a doubt is asked about or shown", () => {
  fc.assert(
    fc.property(candidate, row, circumstances, (who, stored, about) => {
      const decision = decide(who, stored, about);
      if (stored.state === "claimed")
        expect(decision.do).toBe(stored.leaseLeftMs > 0 ? "wait" : "doubt");
      if (stored.state === "unconfirmed")
        expect(decision.do).toBe(about.canLookUp ? "look_up" : "count");
    }),
  );
});

test("N3 who failed for good is tried again only by another run or at another address", () => {
  fc.assert(
    fc.property(candidate, row, circumstances, (who, stored, about) => {
      if (stored.state !== "failed" || decide(who, stored, about).do !== "claim") return;
      const moved = who.kind === "due" && who.address !== stored.address;
      expect(moved || stored.runId !== about.runId).toBe(true);
    }),
  );
});

test("D1 every step writes version + 1", () => {
  fc.assert(
    fc.property(row, common, sendError, fc.boolean(), (stored, by, error, found) => {
      const author = { runId: by.runId, taskId: by.taskId, attemptId: by.attemptId };
      const mail = { address: "a@example.com", messageId: "<m@x>", leaseMs: 1_000 };
      const steps: Delivery[] = [leaveOut(stored, author, "why"), claim(stored, author, mail)];
      if (stored.state === "claimed")
        steps.push(settleClaim(stored, sendResultOf(error)), doubtClaim(stored, author));
      if (stored.state === "unconfirmed") {
        const doubt = { ...stored, state: "unconfirmed" as const };
        steps.push(resolveDoubt(doubt, author, found));
      }
      for (const step of steps) expect(step.version).toBe(stored.version + 1);
    }),
  );
});

/** What is said after the body was begun. */
const saidAfter = fc.oneof(
  fc.record({
    code: fc.constant("EMESSAGE"),
    responseCode: fc.constantFrom(400, 451, 500, 552, 599),
    kind: fc.constant("refused"),
  }),
  fc.record({
    code: fc.constant("EMESSAGE"),
    responseCode: fc.constantFrom(undefined, 250, 354, 421),
    kind: fc.constant("doubt"),
  }),
  fc.record({
    code: fc.constantFrom(undefined, "EENVELOPE", "ETIMEDOUT", "ECONNECTION"),
    responseCode: fc.constantFrom(undefined, 250, 421, 451, 550),
    kind: fc.constant("doubt"),
  }),
);

test("S1, S2 a begun body that the server did not refuse in so many words is a doubt, and nothing else is", () => {
  fc.assert(
    fc.property(sendError, saidAfter, (error, { kind, ...said }) => {
      expect(sendResultOf({ ...error, bodyBegun: false }).kind).toBe("refused");
      expect(sendResultOf({ ...error, ...said, bodyBegun: true }).kind).toBe(kind);
    }),
  );
});
