// A runner as a process of its own, in whatever repository: settings, health, telemetry, bus, and a stop in order.
//   await runRunner({ name: "billing-runner", kinds: [callRunner({ kind: "billing.invoice", … })] });
// Its name is the one under `runners:` of the installation, and its bus user's.
import { runService, settingsFrom, text } from "@chasqui/chassis";
import type { Life } from "@chasqui/chassis";
import { bringUpRunner, runnerSettings } from "./bring-up-runner.ts";
import type { ConnectionTests, RunnerSettings } from "./bring-up-runner.ts";
import type { Runner } from "./kinds.ts";

export interface RunnerProcess {
  readonly name: string;
  /** The kinds; a function when they stand on parts that must be stopped with the process (`life.up`). */
  readonly kinds: readonly Runner[] | ((life: Life<RunnerSettings>) => Promise<readonly Runner[]>);
  /** Of connections of its own types: `chasqui connections test` asks whoever resolves them. */
  readonly tests?: ConnectionTests;
}

/** Resolves when the process was told to end and has stopped in order. */
export async function runRunner({ name, kinds, tests }: RunnerProcess): Promise<void> {
  await runService({
    name,
    settings: (env): RunnerSettings =>
      settingsFrom(env, {
        ...runnerSettings,
        natsUser: text("CHASQUI_NATS_USER", { default: name }),
      }),
    start: async (life) => {
      const own = typeof kinds === "function" ? await kinds(life) : kinds;
      // Of the whole installation a runner needs to know only its own part.
      const installation = { sources: [], runners: { [name]: own.map(({ kind }) => kind.kind) } };
      const parts = { installation, kinds: own };
      await bringUpRunner(life, tests === undefined ? parts : { ...parts, tests });
    },
  });
}
