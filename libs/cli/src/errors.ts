// What can go wrong for a user of the CLI, and the exit code that scripts see.

/** Documented in `chasqui --help`. */
export const exitCodes = {
  ok: 0,
  /** The thing that was asked for failed: an invalid DAG, a red run. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The server cannot be reached. */
  unreachable: 3,
  /** The server has no such thing. */
  notFound: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error whose text is written for the user: what happened, and what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  /** What to do about it, on a line of its own. */
  readonly hint: string | undefined;

  constructor(
    exitCode: ExitCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string } = {},
  ) {
    super(message, options);
    this.exitCode = exitCode;
    this.hint = options.hint;
  }
}

export const usageError = (message: string, hint?: string): CliError =>
  new CliError(exitCodes.usage, message, hint === undefined ? {} : { hint });
