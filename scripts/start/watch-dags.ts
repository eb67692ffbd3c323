// Saving a file in dags/ applies it. Editors save in several steps, so a quiet moment is waited for.
import { watch } from "node:fs/promises";
import { applyDags } from "./apply-dags.ts";
import type { Cli, Server } from "chasqui";
import type { Narrator } from "./narrator.ts";

const QUIET_MS = 100;

export async function watchDags(
  folder: string,
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
    for await (const { filename } of watch(folder, { signal: cli.signal })) {
      if (filename === null || !/\.(ya?ml|ts)$/.test(filename)) continue;
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
