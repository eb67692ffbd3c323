// `simulate`, `plan`: what a DAG would do, without any server.
import type { Command } from "commander";
import type { ShadowOptions } from "../commands/shadow.ts";
import type { PlanOptions } from "../commands/plan.ts";
import type { SimulateOptions } from "../commands/simulate.ts";
import { JSON_OPTION, collect, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

export function addSimulateCommands(program: Command, with_: With): void {
  addPlan(program, with_);
  addSimulate(program, with_);
  addShadow(program, with_);
}

function addShadow(program: Command, with_: With): void {
  program
    .command("shadow")
    .description(
      "Replay a DAG's newest runs through a file and list what it would decide differently",
    )
    .argument("<file>", "the DAG file")
    .option("--last <n>", "so many runs", number(1, 1_000), 10)
    .option(...ENVIRONMENT_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nThe runs' recorded outcomes are what the outside does; what is not recorded is listed as unknown, never\n" +
        "guessed. Ends with 1 when a decision would differ.\n" +
        examples("shadow dags/carrier-daily-costs.yaml --last 20"),
    )
    .action(
      with_(async (cli, file: string, o: ShadowOptions) => {
        const { shadowDag } = await import("../commands/online.ts");
        return shadowDag(cli, file, o);
      }),
    );
}

const ENVIRONMENT_OPTION = [
  "--environment <name>",
  "vars and custom kinds of environments/<name>.yaml (CHASQUI_ENVIRONMENT, else local)",
] as const;

const SCRIPT = `
A step is what one attempt does: succeed, fail, fail:<class>, fail:<class>:<exit code> or skip; the last one repeats.
For an approval: approve or reject. For a dag.run: succeeded, failed or cancelled, the state of the other run.
<task>[<index>] means one instance of what is mapped, <task> all of them. What is not named succeeds.
`;

function addSimulate(program: Command, with_: With): void {
  program
    .command("simulate")
    .description("Run a DAG in virtual time with outcomes of your choice; needs no server")
    .argument("<file>", "a DAG file")
    .option("--outcome <task=steps>", "how its attempts end; again for more", collect)
    .option("--output <task=json>", "what it says when it succeeds; again for more", collect)
    .option(
      "--takes <task=duration>",
      "how long an attempt works (no time); again for more",
      collect,
    )
    .option("--pool <name=slots>", "the size of a pool (enough); again for more", collect)
    .option("--param <name=value>", "a parameter; again for more", collect)
    .option("--params <json>", "all parameters as one JSON object")
    .option("--event <json>", "data of the event that starts the run")
    .option("--key <key>", "the run's key")
    .option(
      "--at <instant>",
      "the instant the run is about, and at which it begins (now); without an offset in the DAG's zone",
    )
    .option(...ENVIRONMENT_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      SCRIPT +
        examples(
          "simulate dags/train.yaml",
          "simulate dags/train.yaml --outcome train=fail:quota,succeed --json",
          `simulate dags/costs.yaml --output aggregate='{"carriers":0}' --at 2026-10-06`,
        ),
    )
    .action(
      with_(async (cli, file: string, options: SimulateOptions) => {
        const { simulateDag } = await import("../commands/offline.ts");
        return simulateDag(cli, file, options);
      }),
    );
}

function addPlan(program: Command, with_: With): void {
  program
    .command("plan")
    .description("Show what a run would get: rendered values, and the next ticks; needs no server")
    .argument("<file>", "a DAG file")
    .option(
      "--at <instant>",
      "the instant the run is about (now); without an offset in the DAG's zone",
    )
    .option("--param <name=value>", "a parameter; again for more", collect)
    .option("--params <json>", "all parameters as one JSON object")
    .option("--event <json>", "data of the event that starts the run")
    .option("--key <key>", "the run's key")
    .option("--ticks <n>", "how many of the next ticks", number(1, 100), 5)
    .option(...ENVIRONMENT_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nAn expression that needs what other tasks say, or an item, stays as it is written.\n" +
        examples("plan dags/carrier-daily-costs.yaml", "plan dags/x.yaml --at 2026-10-06 --json"),
    )
    .action(
      with_(async (cli, file: string, options: PlanOptions) => {
        const { planDag } = await import("../commands/offline.ts");
        return planDag(cli, file, options);
      }),
    );
}
