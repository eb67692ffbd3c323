// `chasqui connections list|test`: nothing is resolved here; the services that use a connection are asked by the server.
import type { ConnectionTest } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";

interface Json {
  readonly json?: boolean;
}

/** More than a service may take to try one. */
const TEST_MS = 15_000;
const COLUMNS = ["CONNECTION", "TYPE", "USED BY", "FIELDS"].map((title) => ({ title }));

export async function listConnections(cli: Cli, options: Json): Promise<ExitCode> {
  const server = await cli.connect();
  const { connections, environment } = await server.connections.listConnections({});
  if (options.json === true) {
    printJson(cli.out, {
      environment,
      connections: connections.map(({ name, type, usedBy, fields }) => ({
        name,
        type,
        used_by: usedBy,
        fields: Object.fromEntries(fields.map((field) => [field.name, field.written])),
      })),
    });
    return exitCodes.ok;
  }
  if (connections.length === 0) {
    printLines(cli.err, [`no connections in ${environment}`]);
    return exitCodes.ok;
  }
  const rows = connections.map(({ name, type, usedBy, fields }) => [
    printable(name),
    printable(type),
    usedBy.map(printable).join(", "),
    fields.map((field) => `${field.name}=${printable(field.written)}`).join(" "),
  ]);
  printLines(cli.out, renderTable(COLUMNS, rows, { style: cli.out.style, width: cli.out.columns }));
  return exitCodes.ok;
}

export async function testConnections(
  cli: Cli,
  names: readonly string[],
  options: Json,
): Promise<ExitCode> {
  const server = await cli.connect();
  const all =
    names.length > 0
      ? names
      : (await server.connections.listConnections({})).connections.map(({ name }) => name);
  const results: { name: string; tests: ConnectionTest[] }[] = [];
  for (const name of all) {
    const { tests } = await server.connections.testConnection({ name }, { timeoutMs: TEST_MS });
    results.push({ name, tests });
    if (options.json !== true)
      printLines(
        cli.out,
        tests.map((test) => renderTest(cli, name, test)),
      );
  }
  if (options.json === true)
    printJson(cli.out, {
      connections: results.map(({ name, tests }) => ({
        name,
        tests: tests.map(({ service, ok, message, tookMs }) => ({
          service,
          ok,
          message,
          took_ms: tookMs,
        })),
      })),
    });
  const isGood = results.every(({ tests }) => tests.every(({ ok }) => ok));
  return isGood ? exitCodes.ok : exitCodes.failed;
}

function renderTest(
  cli: Cli,
  name: string,
  { service, ok, message, tookMs }: ConnectionTest,
): string {
  const { style } = cli.out;
  const mark = ok ? style.green("✓") : style.red("✗");
  return `${mark} ${style.bold(printable(name))} from ${printable(service)}: ${oneLine(printable(message))} ${style.dim(`(${tookMs} ms)`)}`;
}
