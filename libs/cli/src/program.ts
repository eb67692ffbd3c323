// The commands, their options and their help. Each command's code is loaded when it runs, so that `--help` is quick.
import { Command } from "commander";
import type { CommanderError } from "commander";
import type { Cli } from "./cli.ts";
import { DEFAULT_SERVER } from "./cli.ts";
import type { ExitCode } from "./errors.ts";
import { addAdminCommands } from "./program/admin-commands.ts";
import { addBackfillCommands } from "./program/backfill-commands.ts";
import { addConnectionCommands } from "./program/connection-commands.ts";
import { addApprovalCommands } from "./program/approval-commands.ts";
import { addDagCommands } from "./program/dag-commands.ts";
import { addFileCommands } from "./program/file-commands.ts";
import { addOperationCommands } from "./program/operation-commands.ts";
import { addPoolCommands } from "./program/pool-commands.ts";
import { addRunCommands } from "./program/run-commands.ts";
import { examples } from "./program/shared.ts";
import { addSimulateCommands } from "./program/simulate-commands.ts";
import { addTriggerCommands } from "./program/trigger-commands.ts";

/** Makes the context once the global options are known. */
export type CliFor = (options: { readonly server: string | undefined }) => Cli;

export interface ProgramOptions {
  readonly cliFor: CliFor;
  readonly version: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Told how the command ended. */
  readonly done: (code: ExitCode) => void;
}

const EXIT_CODES = `
Exit codes: 0 done, 1 the thing failed (an invalid DAG, a red run), 2 wrong command line,
            3 the server cannot be reached, 4 there is no such thing

Environment: CHASQUI_SERVER   address of the server (${DEFAULT_SERVER})
             CHASQUI_USER     who you are in the audit (your login name)
             NO_COLOR         any value: no colours
`;

export function createProgram(options: ProgramOptions): Command {
  const { cliFor, out, err, done } = options;
  const program = new Command("chasqui")
    .description("Cron jobs, sensors, reports and ML pipelines as DAGs")
    .version(options.version)
    .option("--server <address>", "the server, in place of CHASQUI_SERVER")
    .configureOutput({ writeOut: out, writeErr: err })
    .showSuggestionAfterError()
    .exitOverride()
    .helpCommand(false)
    .addHelpText(
      "after",
      examples("new cron-pod hello-costs", "validate", "apply dags", "trigger hello --follow") +
        EXIT_CODES,
    );
  const with_ = <A extends unknown[]>(act: (cli: Cli, ...args: A) => Promise<ExitCode>) => {
    return async (...args: A): Promise<void> => {
      done(await act(cliFor({ server: program.opts<{ server?: string }>().server }), ...args));
    };
  };
  addFileCommands(program, with_);
  addSimulateCommands(program, with_);
  addRunCommands(program, with_);
  addTriggerCommands(program, with_);
  addOperationCommands(program, with_);
  addApprovalCommands(program, with_);
  addDagCommands(program, with_);
  addBackfillCommands(program, with_);
  addPoolCommands(program, with_);
  addConnectionCommands(program, with_);
  addAdminCommands(program, with_);
  return program;
}

/** How commander ended: 0 for --help and --version, 2 for a wrong command line. */
export function exitCodeOf(error: CommanderError): ExitCode {
  return error.exitCode === 0 ? 0 : 2;
}
