// How long a person waits for `chasqui simulate`, which needs no server: as they type it, and what of it is npx.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { bundleAll } from "../../scripts/bundle.ts";
import { median, round } from "./stats.ts";

const root = path.resolve(import.meta.dirname, "../..");
const CALLS = 11;
const DAG = ["simulate", "dags/carrier-daily-costs.yaml", "--json"];

/** Medians of calls one after another, each of a process of its own. */
export async function commandLine(): Promise<Record<string, number>> {
  await bundleAll({ only: ["chasqui"] });
  const commands = {
    npx_ms: ["npx", "chasqui", ...DAG],
    of_it_npx_ms: ["npx", "node", "--version"],
    program_ms: [process.execPath, "node_modules/chasqui/bin/chasqui.mjs", ...DAG],
  };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let call = 0; call < CALLS; call++)
    for (const [name, [command = "", ...args]] of Object.entries(commands)) {
      const startMs = performance.now();
      execFileSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
      times[name]?.push(performance.now() - startMs);
    }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [name, round(median(list), 0)]),
  );
}
