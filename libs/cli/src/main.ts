// `chasqui`, the process: arguments, streams, Ctrl-C and the exit code.
import { outputOf } from "./output.ts";
import { runCli } from "./run-cli.ts";
import manifest from "../package.json" with { type: "json" };

/** A reader that went away (`chasqui runs | head`) is no error. */
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });

/** Calls that nobody can interrupt are not waited for longer than this. */
const INTERRUPT_MS_MAX = 500;
const interrupt = new AbortController();

const onInterrupt = (name: NodeJS.Signals): void => {
  hearInterrupts(false); // a second one ends the process at once
  interrupt.abort(new Error(name));
  setTimeout(() => process.exit(130), INTERRUPT_MS_MAX).unref();
};

/** Until a server is asked there is nothing to end in order, and a DAG file in TypeScript may loop for ever. */
function hearInterrupts(hears: boolean): void {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.off(name, onInterrupt);
    if (hears) process.on(name, onInterrupt);
  }
}

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  out: outputOf(process.stdout),
  err: outputOf(process.stderr),
  signal: interrupt.signal,
  hearInterrupts,
  version: manifest.version,
});
