// Faults of the bus: most are found on a real nats-server, by what passes on the wire.
import { type Fault, integration, unit } from "../fault.ts";

const consume = "libs/bus/src/consume.it.test.ts";

export const busFaults: readonly Fault[] = [
  {
    file: "libs/bus/src/consume.ts",
    find: "      await this.#settle(delivery, await this.#handle(delivery));",
    replace:
      "      delivery.ack();\n      await this.#settle(delivery, await this.#handle(delivery));",
    why: "a message is acked before its work: a failure or a crash loses it",
    tests: integration(consume, "a message that fails comes again"),
  },
  {
    file: "libs/bus/src/keep-alive.ts",
    find: "else if (nowMs - delivery.touchedMs >= dueMs) delivery.working();",
    replace: "",
    why: "work longer than the ack-wait is given to a second replica while the first is at it",
    tests: integration(consume, "a handler that takes longer than the ack-wait"),
  },
  {
    file: "libs/bus/src/dead.ts",
    find: 'if (outcome !== "stored" && outcome !== "duplicate") {',
    replace: "if (outcome === undefined) {",
    why: "a message is ended although its dead letter was not stored: it is in neither place",
    tests: integration(consume, "a message whose letter cannot be stored"),
  },
  {
    file: "libs/bus/src/pub-ack.ts",
    find: "if (error === undefined) return answer.duplicate === true ? DUPLICATE : STORED;",
    replace:
      'if (error === undefined) return answer.duplicate === true ? { outcome: "failed" } : STORED;',
    why: "what is stored already counts as failed, and its sender never ends saying it",
    tests: unit("libs/bus/src/pub-ack.test.ts"),
  },
  {
    file: "libs/bus/src/publisher.ts",
    find: "for (const [id, batch] of this.#batches) this.#failRest(id, batch, DISCONNECTED);",
    replace: "void DISCONNECTED;",
    why: "what was under way when the broker died waits for its time-out instead of being said again",
    tests: integration(
      "libs/bus/src/publisher.it.test.ts",
      "what is under way when the broker dies",
    ),
  },
  {
    file: "libs/bus/src/pull.ts",
    find: "const missing = creditMax - this.#held - this.#asked;",
    replace: "const missing = creditMax - this.#asked;",
    why: "a replica takes more than it works on, and the ack-wait of the rest runs in its queue",
    tests: integration(consume, "never more messages in hand than slots"),
  },
  {
    file: "libs/bus/src/pull.ts",
    find: "return Date.now() - heardMs > this.#ackWaitMs;",
    replace: "return heardMs < 0;",
    why: "who stood still acks what another has committed and not said before he died",
    tests: integration("libs/bus/src/standing-still.it.test.ts"),
  },
  {
    file: "libs/bus/src/unbundle.ts",
    find: "if (--this.#open > 0) return;",
    replace: "this.#open--;",
    why: "a bundle is acked with the first of its messages: a crash loses the others",
    tests: integration("libs/bus/src/bundles.it.test.ts", "a bundle is stored and acked once"),
  },
  {
    file: "libs/bus/src/topology-ensure.ts",
    find: "if (findings.length === 0) {",
    replace: "if (findings.length >= 0) {",
    why: "a service goes on without the streams that it needs, and its durables are not there",
    tests: integration("libs/bus/src/topology-ensure.it.test.ts", "who may not make streams waits"),
  },
];
