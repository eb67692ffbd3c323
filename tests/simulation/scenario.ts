// Which DAGs a simulated installation has. What is written here in the DAG language is compiled as everywhere.
import { compileDag, constantConfig, fingerprintOf, planOf } from "../../libs/dag/src/index.ts";
import type { Plan, VersionFacts } from "../../libs/machine/src/index.ts";
import { factsOf } from "../../services/state-machine/src/store/versions.ts";
import { examplePlan } from "./example-plan.ts";

export interface SimulatedVersion {
  readonly plan: Plan;
  readonly facts: VersionFacts;
  /** Configurations of tasks, as JSON. */
  readonly configs: ReadonlyMap<string, string>;
}
export interface SimulatedDag extends SimulatedVersion {
  /** The clock starts it. */
  readonly isTicked: boolean;
  /** The version before the current one. */
  readonly older?: SimulatedVersion;
}
export interface Scenario {
  readonly dags: readonly SimulatedDag[];
  /** Pools of the installation, with their slots. */
  readonly pools: Readonly<Record<string, number>>;
  /** What is mapped over the output of which task. */
  readonly lists?: Readonly<Record<string, string>>;
  /** People clear, mark and run again. */
  readonly isOperated?: true;
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

export const dagFrom = (text: string, isTicked: boolean): SimulatedDag => ({
  ...versionFrom(text),
  isTicked,
});

export function versionFrom(text: string): SimulatedVersion {
  const compiled = compileDag({ file: "simulated.yaml", text });
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
  const { spec } = compiled;
  const fingerprint = fingerprintOf(spec);
  return {
    plan: planOf(spec, fingerprint, { vars: {} }),
    facts: factsOf(spec, fingerprint),
    configs: new Map(spec.tasks.map((task) => [task.id, constantConfig(task) ?? "{}"])),
  };
}

/** Limits over all runs: slots of a pool, claims of two sizes, a task's own limit and a key's. It pauses itself. */
const imports = dagFrom(
  `
id: imports
max_active_runs: 3
auto_pause_after: 2
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

export const limitsScenario: Scenario = { dags: [imports], pools: { warehouse: 2 } };

/** Wants runs of another DAG, one of its own and one that all its runs share, and asks people: with a default, without. */
const release = dagFrom(
  `
id: release
max_active_runs: 2
defaults: { retries: { max: 1, backoff: 7s } }
tasks:
  own: { uses: dag.run, with: { dag: prices }, timeout: 45s }
  shared: { uses: dag.run, with: { dag: prices, key: today, allowed: [succeeded, failed] } }
  ask: { uses: approval, with: { message: "Go?", default: approve }, timeout: 20s }
  sign:
    needs: [own, ask]
    uses: approval
    with: { message: "Sign?", on_reject: skip }
`,
  true,
);
const prices = dagFrom(
  `
id: prices
max_active_runs: 2
defaults: { timeout: 10s }
tasks:
  work: { uses: k8s.pod, with: { image: "x:1" }, pool: warehouse }
`,
  false,
);

export const wantsScenario: Scenario = { dags: [release, prices], pools: { warehouse: 1 } };
