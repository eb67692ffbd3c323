// Faults of the other services' cores, of the runner contract and of the DAG language: found by tables and properties.
import { type Fault, unit } from "../fault.ts";

export const coreFaults: readonly Fault[] = [
  {
    file: "services/scheduler/src/core/ticks.ts",
    find: "index === newest && !tickFollows(timetable, next, untilMs);",
    replace: "index === newest;",
    why: "after a long outage catch-up `latest` starts a run for each slice of due times",
    tests: unit("services/scheduler/src/core"),
  },
  {
    file: "services/report-mailer/src/core/decide.ts",
    find: 'return circumstances.canLookUp ? { do: "look_up" } : { do: "count" };',
    replace: 'return { do: "claim" };',
    why: "a carrier whose mail is in doubt is mailed twice",
    tests: unit("services/report-mailer/src/core", "services/report-mailer/src/deliver"),
  },
  {
    file: "services/report-mailer/src/core/send-result.ts",
    find: " && responseCode !== 421;",
    replace: ";",
    why: "a goodbye that crossed the mail's last dot counts as a refusal, and the mail goes out twice",
    tests: unit("services/report-mailer/src/core"),
  },
  {
    file: "services/alert-notifier/src/core/delivery.ts",
    find: 'return delivery.leaseOver ? "doubt" : "rest";',
    replace: 'return delivery.leaseOver ? "post" : "rest";',
    why: "a notifier killed while posting leaves two messages about one incident",
    tests: unit("services/alert-notifier/src/core"),
  },
  {
    file: "libs/runner/src/core/admission.ts",
    find: "return deliveryCount > 1 || ",
    replace: "return ",
    why: "a redelivered assignment begins without asking whether it is still wanted",
    tests: unit("libs/runner/src/core"),
  },
  {
    file: "libs/runner/src/core/admission.ts",
    find: "Math.min(nowMs - ageMs, assignedMs)",
    replace: "nowMs - ageMs",
    why: "what somebody decided, and said after he had stood still for minutes, begins without asking",
    tests: unit("libs/runner/src/core"),
  },
  {
    file: "libs/runner/src/job-shell.ts",
    find: "absent = isQueued ? 0 : absent + 1;",
    replace: "absent += 1;",
    why: "an attempt counts as cancelled while another replica is about to create its pod",
    tests: unit("libs/runner/src/job-runner.test.ts"),
  },
  {
    file: "libs/dag/src/canonical.ts",
    find: "needs: sortedSet(task.needs),",
    replace: "needs: task.needs,",
    why: "the same meaning, written in another order, becomes a new version",
    tests: unit("libs/dag"),
  },
];
