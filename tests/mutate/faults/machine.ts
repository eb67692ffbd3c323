// Faults of the machine of runs and of the state machine's pure parts: found by examples, properties and simulation.
import { type Fault, unit } from "../fault.ts";

const run = "libs/machine/src/run";
const core = "services/state-machine/src";
const machine = unit("libs/machine");
const simulation = unit("tests/simulation/simulation.test.ts");

export const machineFaults: readonly Fault[] = [
  {
    file: "libs/machine/src/run/relatives.ts",
    find: " || isMappedAnew(task)",
    replace: "",
    why: "an instance of an old list is taken for one of the new, and its run never ends",
    tests: unit("libs/machine/src/run/mapping.test.ts"),
  },
  {
    file: "services/state-machine/src/judge.ts",
    find: "if (restsOnLost(said, batch, evidence)) return",
    replace: "if (batch.said.length < 0) return",
    why: "somebody is told that his answer counts, after a decision that never came about",
    tests: unit("services/state-machine/src/judge.test.ts"),
  },
  {
    file: `${run}/updates.ts`,
    find: "if (sequence <= task.sequence)",
    replace: "if (sequence < task.sequence)",
    why: "a report that comes twice counts twice",
    tests: machine,
  },
  {
    file: `${run}/updates.ts`,
    find: "if (attempt < task.attempt || !isOutside(task)) {",
    replace: "if (!isOutside(task)) {",
    why: "an old attempt's end ends the new one",
    tests: machine,
  },
  {
    file: `${run}/evolve-task.ts`,
    find: "  task.sequence = 0;\n",
    replace: "",
    why: "the next attempt's reports are taken for old ones, and its task hangs",
    tests: machine,
  },
  {
    file: `${run}/retry.ts`,
    find: "const paid = task.attempt - task.attemptBase - task.freeRepeats;",
    replace: "const paid = task.attempt - task.attemptBase;",
    why: "pods that never started use up the retries",
    tests: machine,
  },
  {
    file: `${run}/verdict.ts`,
    find: '(handler.rule === "one_failed" || handler.rule === "all_failed");',
    replace: '["one_failed", "all_failed", "all_done"].includes(handler.rule);',
    why: "a clean-up task makes a broken run green",
    tests: machine,
  },
  {
    file: `${run}/follow.ts`,
    find: 'if (task.status === "assigned" && (task.acceptedMs === undefined || task.child !== undefined))',
    replace: 'if (task.status === "assigned")',
    why: "an assignment that a runner has taken over is said again",
    tests: machine,
  },
  {
    file: "libs/machine/src/dag/dag.ts",
    find: "if (draft.active.length >= draft.maxActiveRuns) return;",
    replace: "",
    why: "more runs at once than max_active_runs",
    tests: machine,
  },
  {
    file: `${core}/judge.ts`,
    find: 'if (!won && !isCurrent(aggregate, evidence)) return { kind: "again" };',
    replace: "",
    why: "nothing-to-do is believed of an old cache, and the message is acked for nothing",
    tests: simulation,
  },
  {
    file: `${core}/judge.ts`,
    find: 'return won ? { kind: "done" } : { kind: "again" };',
    replace: 'return { kind: "done" };',
    why: "a message whose commit lost its fence is acked and lost",
    tests: simulation,
  },
  {
    file: `${core}/core/batch.ts`,
    find: "const again = inbound.redelivered ? stillWanted(run.state, inbound.id, about) : [];",
    replace: "const again: ReturnType<typeof stillWanted> = [];",
    why: "what a crash after the commit kept from being said is never said",
    tests: simulation,
  },
];
