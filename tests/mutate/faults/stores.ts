// Faults of the stores: statements that no longer check what they were decided from. Found on a real PostgreSQL.
import { type Fault, integration } from "../fault.ts";

const stateMachine = "services/state-machine/src/store";
const commit = integration(`${stateMachine}/commit.it.test.ts`);
const ledgers = integration("services/scheduler/src/store/store.it.test.ts");

export const storeFaults: readonly Fault[] = [
  {
    file: `${stateMachine}/commit.sql.ts`,
    find: "where r.run_id = i.run_id and r.version = i.read_version and",
    replace: "where r.run_id = i.run_id and",
    why: "the fence of runs is gone: of two replicas the later overwrites what the earlier decided",
    tests: commit,
  },
  {
    file: `${stateMachine}/commit.sql.ts`,
    find: "where d.dag_id = i.dag_id and d.version = i.read_version",
    replace: "where d.dag_id = i.dag_id",
    why: "two replicas admit a run each into the last free slot",
    tests: commit,
  },
  {
    file: `${stateMachine}/commit.sql.ts`,
    find: "select i.run_id, i.version, 1, i.events from event_in i where ${hasWon})`;",
    replace: "select i.run_id, i.version, 1, i.events from event_in i)`;",
    why: "a replica that lost its fence writes history all the same",
    tests: commit,
  },
  {
    file: `${stateMachine}/encode.ts`,
    find: "  rows.event.push([runId, version, json(events)]);\n",
    replace: "",
    why: "commits leave no history: nothing to audit, and nothing to say again",
    tests: integration("services/state-machine/src/handle.it.test.ts", "a diamond runs through"),
  },
  {
    file: "services/state-machine/src/store/unheard.ts",
    find: " when r.cause_kind <> 'backfill' then r.started_at end",
    replace: " end",
    why: "a run that works without a slot lets its DAG begin more than it allows, until it ends",
    tests: integration("services/state-machine/src/slots.it.test.ts"),
  },
  {
    file: "services/report-mailer/src/store/put-delivery.ts",
    find: "\n    where delivery.version = excluded.version - 1",
    replace: "",
    why: "two replicas claim the same carrier, and both mail it",
    tests: integration("services/report-mailer/src/store/ledger.it.test.ts"),
  },
  {
    file: "services/scheduler/src/store/ticks.ts",
    find: "from due join known using (dag_id)\n      on conflict do nothing",
    replace:
      "from due join known using (dag_id)\n      on conflict (dag_id, due_at) do update set recorded_at = excluded.recorded_at",
    why: "every replica says the same tick first",
    tests: ledgers,
  },
  {
    file: "services/scheduler/src/store/triggers.ts",
    find: "      where trigger.outcome = 'dead'\n      returning dag_id, start",
    replace: "      returning dag_id, start",
    why: "a trigger delivered again after its run began is forgotten to have begun, and starts it again",
    tests: ledgers,
  },
  {
    file: "services/alert-notifier/src/store/put-incident.ts",
    find: " and revision = ${next.revision - 1}`;",
    replace: "`;",
    why: "of two failures told at once the incident names only one",
    tests: integration("services/alert-notifier/src/sender.it.test.ts", "ten different notices"),
  },
  {
    file: "services/state-machine/src/sweep.ts",
    find: "if (!(await everything())) return;",
    replace: "await notePositions(sql, positions);\n      await everything();",
    why: "a state machine that dies, or is not heard, after it saw a lost store leaves runs that wait for ever",
    tests: integration("services/state-machine/src/sweep-streams.it.test.ts"),
  },
];
