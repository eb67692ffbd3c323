// `chasqui history <run>`: every event of a run with its number, for `chasqui run <run> --at <number>`.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";
import { formatInstant } from "../render/time.ts";
import { time } from "../run-view.ts";

const COLUMNS = ["EVENT", "AT", "WHAT", "TASK", "DETAIL"].map((title) => ({ title }));

export async function history(
  cli: Cli,
  runId: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const { entries } = await server.runs.getRunHistory({ runId });
  if (options.json === true) {
    printJson(cli.out, {
      events: entries.map((entry, index) => ({
        event: index + 1,
        version: entry.version,
        ...time("time", entry.time),
        type: entry.type,
        cause: entry.cause,
        data: entry.data ?? {},
      })),
    });
    return exitCodes.ok;
  }
  const rows = entries.map((entry, index) => {
    const { t, i, a, ...rest } = { ...entry.data };
    const task = typeof t !== "string" ? "" : typeof i === "number" ? `${t}[${i}]` : t;
    const attempt = typeof a === "number" ? `attempt ${a}` : "";
    const detail = [attempt, ...Object.entries(rest).map(wordsOf)].filter((word) => word !== "");
    return [
      String(index + 1),
      entry.time === undefined ? "" : formatInstant(timestampMs(entry.time)),
      entry.type.replaceAll("_", " "),
      task,
      oneLine(printable(detail.join(", "))),
    ];
  });
  printLines(cli.out, renderTable(COLUMNS, rows, { style: cli.out.style, width: cli.out.columns }));
  return exitCodes.ok;
}

/** Times and sequences say nothing to people here. */
function wordsOf([name, value]: [string, unknown]): string {
  if (name === "s" || name === "times" || name.endsWith("Ms")) return "";
  return `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`;
}
