// `chasqui simulate <file>`: a run in virtual time, decided by the state machine's own code. Needs no server.
import { simulate } from "@chasqui/dag";
import type { Simulated } from "@chasqui/dag";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { readOneDag } from "../read-one-dag.ts";
import type { OneDag } from "../read-one-dag.ts";
import { renderSimulation } from "../render/simulation.ts";
import { readJson, readPairs } from "./pairs.ts";
import { parseInstant, readParams } from "./run-inputs.ts";

export interface SimulateOptions {
  readonly outcome?: readonly string[];
  readonly output?: readonly string[];
  readonly takes?: readonly string[];
  readonly pool?: readonly string[];
  readonly param?: readonly string[];
  readonly params?: string;
  readonly event?: string;
  readonly at?: string;
  readonly key?: string;
  readonly environment?: string;
  readonly json?: boolean;
}

export async function simulateDag(
  cli: Cli,
  file: string,
  options: SimulateOptions,
): Promise<ExitCode> {
  const script = readScript(options);
  const dag = await readOneDag(cli, file, options);
  if (dag === undefined) return exitCodes.failed;
  const simulated = run(cli, dag, script, options);
  for (const key of neverThere(script, simulated))
    printLines(cli.err, [`warning: nothing became of what is said of ${key}: no such instance`]);
  if (options.json === true) printJson(cli.out, simulated);
  else
    printLines(
      cli.out,
      renderSimulation(dag.spec, simulated, { style: cli.out.style, width: cli.out.columns }),
    );
  return exitCodes.ok;
}

function readScript({ outcome = [], output = [], takes = [], pool = [], event }: SimulateOptions) {
  const text = (value: string): string => value;
  const slots = (value: string): number | undefined =>
    /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined;
  const data = event === undefined ? undefined : readJson(event);
  if (event !== undefined && data === undefined)
    throw usageError(`--event ${JSON.stringify(event)}: want JSON such as '{"country":"CO"}'`);
  return {
    outcomes: readPairs("--outcome", outcome, "<task>=<step>[,<step>…]", text),
    outputs: readPairs("--output", output, `<task>=<JSON> such as load='{"rows":0}'`, readJson),
    takes: readPairs("--takes", takes, "<task>=<duration> such as load=5m", text),
    pools: readPairs("--pool", pool, "<pool>=<slots>", slots),
    ...(data === undefined ? {} : { event: data }),
  };
}

/** Instances that the script names though the list had fewer items; of what was never mapped nothing is said. */
function neverThere(
  { outcomes, outputs, takes }: ReturnType<typeof readScript>,
  { tasks }: Simulated,
): string[] {
  const named = new Set([outcomes, outputs, takes].flatMap((said) => Object.keys(said)));
  return [...named].filter((key) => {
    const [, id = key] = /^(.*)\[\d+\]$/.exec(key) ?? [];
    return tasks[key] === undefined && tasks[`${id}[0]`] !== undefined;
  });
}

function run(
  cli: Cli,
  { spec, vars, placeholders, kinds }: OneDag,
  script: ReturnType<typeof readScript>,
  options: SimulateOptions,
): Simulated {
  const simulated = simulate({
    ...{ spec, vars, placeholders, kinds },
    atMs: options.at === undefined ? cli.nowMs() : parseInstant(options.at, spec),
    params: readParams(options, spec),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...script,
  });
  if (simulated.ok) return simulated.value;
  throw usageError(simulated.message);
}
