// `chasqui dags history`, `rollback`, `promote`: which meaning was current when, and making one current again, here or
// in another environment.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { DagSpec, DagVersion } from "@chasqui/contracts";
import { fingerprintOf } from "@chasqui/dag";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";
import { formatInstant } from "../render/time.ts";
import { time } from "../run-view.ts";
import type { Server } from "../server.ts";
import { applySpecs, renderApplied } from "./apply.ts";

interface Options {
  readonly json?: boolean;
  readonly note?: string;
  readonly dryRun?: boolean;
}

const SHORT = 10;
const COLUMNS = ["VERSION", "APPLIED", "BY", "COMMIT", "FINGERPRINT", "NOTE"].map((title) => ({
  title,
}));

/** Of the DAG itself, not of what it was called before. */
const ownOf = (dagId: string, versions: readonly DagVersion[]): DagVersion[] =>
  versions.filter((version) => version.dagId === dagId || version.dagId === "");

export async function history(cli: Cli, dagId: string, options: Options): Promise<ExitCode> {
  const server = await cli.connect();
  const { versions } = await server.dags.listDagVersions({ dagId });
  if (options.json === true) {
    printJson(cli.out, {
      dag_id: dagId,
      versions: versions.map(({ dagId: named, appliedTime, appliedBy, ...rest }) => ({
        ...(named === "" || named === dagId ? {} : { dag_id: named }),
        ...{ version: rest.version, fingerprint: rest.fingerprint },
        ...time("applied_time", appliedTime),
        applied_by: appliedBy,
        ...{ note: rest.note, commit: rest.commit },
      })),
    });
    return exitCodes.ok;
  }
  const rows = versions.map((row) => [
    row.dagId === "" || row.dagId === dagId ? String(row.version) : `${row.dagId} ${row.version}`,
    row.appliedTime === undefined ? "" : formatInstant(timestampMs(row.appliedTime)),
    printable(row.appliedBy),
    printable(row.commit.slice(0, SHORT)),
    row.fingerprint.slice(0, SHORT),
    oneLine(printable(row.note)),
  ]);
  printLines(cli.out, renderTable(COLUMNS, rows, { style: cli.out.style, width: cli.out.columns }));
  return exitCodes.ok;
}

/** An earlier meaning becomes current again, as a new version: the history goes on. */
export async function rollback(
  cli: Cli,
  dagId: string,
  options: Options & { readonly to?: number },
): Promise<ExitCode> {
  const server = await cli.connect();
  const versions = ownOf(dagId, (await server.dags.listDagVersions({ dagId })).versions);
  const [current] = versions;
  const to = options.to ?? (current === undefined ? 0 : current.version - 1);
  const wanted = versions.find(({ version }) => version === to);
  if (wanted === undefined)
    throw new CliError(
      exitCodes.failed,
      `DAG ${dagId} has no version ${to}: want one of ${versions.map(({ version }) => version).join(", ")}`,
    );
  const spec = await specOf(server, dagId, to);
  const note = options.note ?? `rollback to version ${to}`;
  return makeCurrent(cli, server, spec, { ...options, note, commit: wanted.commit });
}

/** The current meaning of one environment becomes current in another: the same fingerprint, nothing compiled anew. */
export async function promote(
  cli: Cli,
  dagId: string,
  options: Options & { readonly from: string; readonly to: string },
): Promise<ExitCode> {
  const source = await cli.connect(addressOf(cli, options.from));
  const target = await cli.connect(addressOf(cli, options.to));
  const [current] = ownOf(dagId, (await source.dags.listDagVersions({ dagId })).versions);
  if (current === undefined)
    throw new CliError(exitCodes.failed, `DAG ${dagId} has no version in ${options.from}`);
  const spec = await specOf(source, dagId, current.version);
  if (fingerprintOf(spec) !== current.fingerprint)
    throw new CliError(
      exitCodes.failed,
      `DAG ${dagId}: what ${options.from} sent has not the fingerprint ${current.fingerprint}: it is of another version of chasqui`,
    );
  const note = options.note ?? `promoted from ${options.from}, version ${current.version}`;
  return makeCurrent(cli, target, spec, { ...options, note, commit: current.commit });
}

/** An address, or the name of an environment whose address is in CHASQUI_SERVER_<NAME>. */
function addressOf(cli: Cli, name: string): string {
  if (/[.:/]/.test(name)) return name;
  const variable = `CHASQUI_SERVER_${name.toUpperCase().replaceAll("-", "_")}`;
  const address = cli.env[variable];
  if (address !== undefined && address !== "") return address;
  throw new CliError(
    exitCodes.usage,
    `environment ${JSON.stringify(name)}: ${variable} is not set: want the address of its console, such as http://chasqui.${name}.example`,
  );
}

async function specOf(server: Server, dagId: string, version: number): Promise<DagSpec> {
  const { dag } = await server.dags.getDag({ dagId, version });
  if (dag?.spec === undefined)
    throw new CliError(
      exitCodes.failed,
      `DAG ${dagId}: the server sent no specification of version ${version}`,
    );
  return dag.spec;
}

async function makeCurrent(
  cli: Cli,
  server: Server,
  spec: DagSpec,
  options: Options & { readonly commit: string },
): Promise<ExitCode> {
  const one = { file: "", spec, fingerprint: fingerprintOf(spec) };
  const { applied } = await applySpecs(server, [one], options);
  if (options.json === true) printJson(cli.out, { applied });
  else
    printLines(
      cli.out,
      applied.flatMap((dag) => renderApplied(dag, cli.out.style)),
    );
  return exitCodes.ok;
}
