// `chasqui admin dead`: messages that failed for their own fault, and sending one back after the cause is mended.
import { listDead, redrive } from "@chasqui/bus";
import type { DeadLetter } from "@chasqui/bus";
import { ADMIN_USER } from "@chasqui/contracts";
import { printJson, printLines } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { CliError, exitCodes, usageError } from "../../errors.ts";
import type { ExitCode } from "../../errors.ts";
import { printable } from "../../render/style.ts";
import { renderTable } from "../../render/table.ts";
import { oneLine } from "../../render/text.ts";
import { formatDistance } from "../../render/time.ts";
import { reachBus } from "./reach.ts";
import { outside, passwordsOf } from "./topology.ts";

export interface DeadOptions {
  readonly credentials?: string;
  readonly json?: boolean;
}

function adminOf(cli: Cli, options: DeadOptions) {
  const url = cli.env["CHASQUI_NATS_URL"];
  if (!url) throw usageError("CHASQUI_NATS_URL is not set: want nats://host:4222");
  return { url, user: ADMIN_USER, password: passwordsOf(cli, options).bus(ADMIN_USER) } as const;
}

export async function deadList(
  cli: Cli,
  options: DeadOptions & { readonly limit: number },
): Promise<ExitCode> {
  const admin = adminOf(cli, options);
  await reachBus(admin.url);
  const letters = await listDead({ ...admin, limit: options.limit }).catch((cause: unknown) => {
    throw outside("bus", admin.url, cause);
  });
  if (options.json === true) printJson(cli.out, { dead: letters.map(view) });
  else if (letters.length === 0) printLines(cli.out, ["no dead letters"]);
  else printLines(cli.out, render(letters, cli));
  return exitCodes.ok;
}

export async function deadRedrive(
  cli: Cli,
  number: string,
  options: DeadOptions,
): Promise<ExitCode> {
  const deadSequence = Number(number);
  if (!Number.isInteger(deadSequence) || deadSequence < 1)
    throw usageError(
      `dead letter ${JSON.stringify(number)}: want its number in \`chasqui admin dead list\``,
    );
  const admin = adminOf(cli, options);
  await reachBus(admin.url);
  const letter = await redrive({ ...admin, deadSequence }).catch((cause: unknown) => {
    const error = outside("bus", admin.url, cause);
    if (/not in CHASQUI_DEAD/.test(error.message))
      throw new CliError(exitCodes.notFound, error.message, { cause });
    throw error;
  });
  if (options.json === true) printJson(cli.out, { redriven: view(letter) });
  else printLines(cli.out, [`sent ${letter.id} to ${letter.subject} again`]);
  return exitCodes.ok;
}

function view(letter: DeadLetter): object {
  const { deadSequence, diedAt, data, headers, ...rest } = letter;
  return {
    number: deadSequence,
    died_at: diedAt,
    ...rest,
    headers: Object.fromEntries(headers),
    data_base64: Buffer.from(data).toString("base64"),
  };
}

const COLUMNS = [
  { title: "NUMBER", align: "right" },
  { title: "DIED" },
  { title: "CONSUMER" },
  { title: "SUBJECT" },
  { title: "REASON" },
] as const;

function render(letters: readonly DeadLetter[], cli: Cli): string[] {
  const rows = letters.map((letter) => [
    String(letter.deadSequence),
    formatDistance(Date.parse(letter.diedAt), cli.nowMs()),
    letter.consumer,
    printable(letter.subject),
    oneLine(printable(letter.reason)),
  ]);
  return renderTable(COLUMNS, rows, { style: cli.out.style, width: cli.out.columns });
}
