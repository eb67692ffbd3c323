// Which DAGs a simulated installation has. What is written here in the DAG language is compiled as everywhere.
import { compileDag, constantConfig, fingerprintOf, planOf } from "../../libs/dag/src/index.ts";
import type { Plan, VersionFacts } from "../../libs/machine/src/index.ts";
import { factsOf } from "../../services/state-machine/src/store/versions.ts";
import { examplePlan } from "./example-plan.ts";

export interface SimulatedDag {
  readonly plan: Plan;
  readonly facts: VersionFacts;
  /** Configurations of tasks, as JSON. */
  readonly configs: ReadonlyMap<string, string>;
  /** The clock starts it. */
  readonly isTicked: boolean;
}
export interface Scenario {
  readonly dags: readonly SimulatedDag[];
  /** Pools of the installation, with their slots. */
  readonly pools: Readonly<Record<string, number>>;
}

/** Two pods and a mail. */
export const plainScenario: Scenario = {
  dags: [
    {
      plan: examplePlan,
      facts: { fingerprint: "f", maxActiveRuns: 2, overlap: "queue", autoPauseAfter: 0 },
      configs: new Map(),
      isTicked: true,
    },
  ],
  pools: {},
};

function dagFrom(text: string, isTicked: boolean): SimulatedDag {
  const compiled = compileDag({ file: "simulated.yaml", text });
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
  const { spec } = compiled;
  const fingerprint = fingerprintOf(spec);
  return {
    plan: planOf(spec, fingerprint, { vars: {} }),
    facts: factsOf(spec, fingerprint),
    configs: new Map(spec.tasks.map((task) => [task.id, constantConfig(task) ?? "{}"])),
    isTicked,
  };
}

/** The limits over all runs: slots of a pool, two kinds of claims, a task's own limit and a key's. */
const imports = dagFrom(
  `
id: imports
max_active_runs: 3
defaults: { retries: { max: 1, backoff: 7s }, timeout: 10s, pool: warehouse }
tasks:
  extract: { uses: k8s.pod, with: { image: "x:1" }, max_active: 1 }
  copy: { uses: k8s.pod, with: { image: "x:1" }, pool: { name: warehouse, slots: 2 } }
  train:
    needs: [extract]
    uses: k8s.pod
    with: { image: "x:1" }
    concurrency: { key: "\${run.date}", max: 1 }
`,
  true,
);

export const featureScenario: Scenario = { dags: [imports], pools: { warehouse: 2 } };
