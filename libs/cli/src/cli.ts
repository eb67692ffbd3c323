// What a command has to work with. Everything that touches the outside comes in here, so that tests bring their own.
import type { Style } from "./render/style.ts";
import type { Server } from "./server.ts";

export interface Output {
  write(text: string): void;
  readonly isTty: boolean;
  /** Infinity when it is no terminal. */
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

export interface Cli {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly nowMs: () => number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** `--server`, else CHASQUI_SERVER, else the local one. */
  readonly serverUrl: string;
  /** For code that is not ours and may never return: until it has, Ctrl-C ends the process at once. */
  foreign<T>(work: () => Promise<T>): Promise<T>;
  /** Connects at the first call, to another server when it is named; throws a CliError when nobody answers. */
  connect(url?: string): Promise<Server>;
}

export const DEFAULT_SERVER = "http://127.0.0.1:8700";

export function printLines(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.join("\n")}\n`);
}

/** One JSON value, indented, as `--json` promises. */
export function printJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
