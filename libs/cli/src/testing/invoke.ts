// Runs the CLI in this process against a fake terminal.
import { plain } from "../render/style.ts";
import { runCli } from "../run-cli.ts";
import type { Output } from "../cli.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface InvokeOptions {
  readonly server?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTty?: boolean;
}

export async function invoke(
  args: readonly string[],
  options: InvokeOptions = {},
): Promise<Outcome> {
  const texts = { out: "", err: "" };
  const output = (name: "out" | "err"): Output => ({
    write: (text) => {
      texts[name] += text;
    },
    isTty: options.isTty ?? false,
    columns: options.isTty === true ? 100 : Infinity,
    rows: 30,
    style: plain,
  });
  const server = options.server === undefined ? {} : { CHASQUI_SERVER: options.server };
  const code = await runCli({
    args,
    env: { USER: "ana", ...server, ...options.env },
    cwd: options.cwd ?? process.cwd(),
    out: output("out"),
    err: output("err"),
    signal: new AbortController().signal,
    version: "1.2.3",
  });
  return { code, ...texts };
}
