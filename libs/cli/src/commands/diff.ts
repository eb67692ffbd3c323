// `chasqui diff <file> [other]`: what differs in meaning, a line each; from what the server runs now, from one of its
// versions, or from another file. Order of keys, comments and defaults are no difference.
import type { DagSpec } from "@chasqui/contracts";
import { diffSpecs, fingerprintOf } from "@chasqui/dag";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { readOneDag } from "../read-one-dag.ts";
import { count } from "../render/text.ts";
import { findDag } from "./find-dag.ts";

export interface DiffOptions {
  readonly environment?: string;
  /** Of the server; absent: the current one. */
  readonly of?: number;
  readonly json?: boolean;
}

interface Side {
  readonly name: string;
  /** Absent: there is none yet. */
  readonly spec?: DagSpec;
}

export async function diff(
  cli: Cli,
  file: string,
  other: string | undefined,
  options: DiffOptions,
): Promise<ExitCode> {
  const dag = await readOneDag(cli, file, options);
  if (dag === undefined) return exitCodes.failed;
  const before =
    other === undefined
      ? await onServer(cli, dag.spec.id, options.of ?? 0)
      : await inFile(cli, other, options);
  if (before === undefined) return exitCodes.failed;
  const lines = diffSpecs(before.spec, dag.spec);
  if (options.json === true)
    printJson(cli.out, {
      ...{ dag_id: dag.spec.id, from: before.name, to: file, changed: lines.length > 0 },
      ...(before.spec === undefined ? {} : { from_fingerprint: fingerprintOf(before.spec) }),
      ...{ to_fingerprint: fingerprintOf(dag.spec), changes: lines },
    });
  else printLines(cli.out, render(before, file, dag.spec.id, lines, cli));
  return exitCodes.ok;
}

async function onServer(cli: Cli, dagId: string, version: number): Promise<Side> {
  const dag = await findDag(await cli.connect(), dagId, version);
  if (dag?.spec === undefined) return { name: `the server, which has no ${dagId}` };
  return { name: `version ${dag.version} on the server`, spec: dag.spec };
}

async function inFile(cli: Cli, file: string, options: DiffOptions): Promise<Side | undefined> {
  const dag = await readOneDag(cli, file, options);
  return dag && { name: file, spec: dag.spec };
}

function render(
  before: Side,
  file: string,
  id: string,
  lines: readonly string[],
  { out: { style } }: Cli,
): string[] {
  if (lines.length === 0) return [`${style.bold(id)}  ${file} means the same as ${before.name}`];
  const head = `${style.bold(id)}  ${style.green(count(lines.length, "difference"))} from ${before.name} to ${file}`;
  return [head, ...lines.map((line) => `  ${line}`)];
}
