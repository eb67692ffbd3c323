// The two forms of an ack subject.
import { expect, test } from "vitest";
import { parseAckSubject } from "./ack-subject.ts";

const facts = {
  stream: "CHASQUI_TASKS",
  consumer: "kind-bench_noop",
  deliveryCount: 2,
  streamSequence: 9_007_199_254_740_000,
  consumerSequence: 12,
  publishedMs: 1_795_424_906_123,
  pending: 3,
};

test.each([
  "$JS.ACK.CHASQUI_TASKS.kind-bench_noop.2.9007199254740000.12.1795424906123691019.3",
  "$JS.ACK._.ACCHASH.CHASQUI_TASKS.kind-bench_noop.2.9007199254740000.12.1795424906123691019.3",
  "$JS.ACK.hub.ACCHASH.CHASQUI_TASKS.kind-bench_noop.2.9007199254740000.12.1795424906123691019.3.rnd",
])("%s", (subject) => {
  expect(parseAckSubject(subject)).toEqual(facts);
});

test.each(["", "_INBOX.a", "$JS.ACK.S.c.1.2.3.4", "$JS.ACK.S.c.1.x.3.4.5", "$JS.FC.S.c.1.2.3.4.5"])(
  "%j is not one",
  (subject) => {
    expect(() => parseAckSubject(subject)).toThrow(/not an ack subject/);
  },
);
