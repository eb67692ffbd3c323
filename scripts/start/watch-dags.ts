// Saving a file in dags/ applies it. Editors save in several steps, so a quiet moment is waited for.
// Invariant: what is saved after a watch was opened is applied, also when nobody listens to the watch yet.
import { on } from "node:events";
import { watch } from "node:fs";
import { applyDags } from "./apply-dags.ts";
import type { Cli, Server } from "chasqui";
import type { Narrator } from "./narrator.ts";

const QUIET_MS = 100;

/** The names of files that were saved; they wait for who reads them. */
export type Saved = AsyncIterable<unknown[]>;

export function openWatch(folder: string, signal: AbortSignal): Saved {
  return on(watch(folder, { signal, persistent: false }), "change", { signal });
}

export async function watchDags(
  { folder, saved }: { readonly folder: string; readonly saved: Saved },
  cli: Cli,
  server: Server,
  say: Narrator,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let applying: Promise<unknown> = Promise.resolve();
  const apply = (): void => {
    applying = applying
      .then(() => applyDags(folder, cli, server, say))
      .catch((thrown: unknown) => say.failed(thrown));
  };
  try {
    for await (const [, filename] of saved) {
      if (typeof filename !== "string" || !/\.(ya?ml|ts)$/.test(filename)) continue;
      clearTimeout(timer);
      timer = setTimeout(apply, QUIET_MS);
    }
  } catch (thrown) {
    if (!cli.signal.aborted) throw thrown;
  } finally {
    clearTimeout(timer);
    await applying;
  }
}
