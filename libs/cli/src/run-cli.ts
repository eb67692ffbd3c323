// One invocation: arguments in, text and an exit code out. Nothing here touches the process, so tests call it.
import { CommanderError } from "commander";
import { userInfo } from "node:os";
import { DEFAULT_SERVER, printLines } from "./cli.ts";
import type { Cli, Output } from "./cli.ts";
import { CliError, exitCodes } from "./errors.ts";
import type { ExitCode } from "./errors.ts";
import { createProgram, exitCodeOf } from "./program.ts";
import { printable } from "./render/style.ts";
import type { Server } from "./server.ts";

export interface Invocation {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly out: Output;
  readonly err: Output;
  readonly signal: AbortSignal;
  /** Told before a server is asked, and when it is no more: what is asked of it is to end in order. */
  readonly hearInterrupts?: (hears: boolean) => void;
  readonly version: string;
}

/** Ctrl-C, as shells count it. */
const INTERRUPTED = 130;

export async function runCli(invocation: Invocation): Promise<number> {
  const { args, out, err, signal } = invocation;
  let code: ExitCode = exitCodes.ok;
  const servers = new Map<string, Promise<Server>>();
  let url = "";
  const cliFor = (options: { readonly server: string | undefined }): Cli => {
    url = options.server ?? invocation.env["CHASQUI_SERVER"] ?? DEFAULT_SERVER;
    const env =
      options.server === undefined
        ? invocation.env
        : { ...invocation.env, CHASQUI_SERVER: options.server };
    return {
      ...invocation,
      env,
      serverUrl: url,
      nowMs: () => Date.now(),
      async foreign(work) {
        invocation.hearInterrupts?.(false);
        try {
          return await work();
        } finally {
          invocation.hearInterrupts?.(servers.size > 0);
        }
      },
      connect(other = url) {
        const known = servers.get(other);
        if (known !== undefined) return known;
        if (servers.size === 0) invocation.hearInterrupts?.(true);
        const server = connect(other, principalOf(env), signal);
        servers.set(other, server);
        return server;
      },
    };
  };
  const program = createProgram({
    cliFor,
    version: invocation.version,
    out: (text) => out.write(text),
    err: (text) => err.write(text),
    done: (ended) => (code = ended),
  });
  try {
    if (args.length === 0) {
      program.outputHelp();
      return exitCodes.usage;
    }
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (thrown) {
    if (signal.aborted) return INTERRUPTED;
    return await report(thrown, url, err);
  } finally {
    for (const server of servers.values())
      await server.then((connected) => connected.close()).catch(() => undefined);
  }
}

async function connect(url: string, principal: string, signal: AbortSignal): Promise<Server> {
  const { connectServer } = await import("./server.ts");
  return connectServer({ url, principal, signal });
}

function principalOf(env: Readonly<Record<string, string | undefined>>): string {
  const name = env["CHASQUI_USER"] ?? env["USER"] ?? loginName();
  return `user:${name.replace(/[^A-Za-z0-9._@-]/g, "-")}`;
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // a uid without a name, as in containers
  }
}

async function report(thrown: unknown, url: string, err: Output): Promise<number> {
  if (thrown instanceof CommanderError) return exitCodeOf(thrown);
  const error = thrown instanceof CliError ? thrown : await translated(thrown, url);
  if (!(error instanceof CliError)) throw error;
  const { style } = err;
  printLines(err, [
    `${style.red("chasqui:")} ${printable(error.message)}`,
    ...(error.hint === undefined ? [] : [style.dim(`  ${error.hint}`)]),
  ]);
  return error.exitCode;
}

/** Only then is the gRPC library loaded, which it was anyway if there was a call. */
async function translated(thrown: unknown, url: string): Promise<unknown> {
  const { fromRpc } = await import("./server.ts");
  return fromRpc(thrown, url);
}
