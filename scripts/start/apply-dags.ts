// Applies the DAG files of a folder: prints the semantic diff of each that changed, or the positioned errors.
import { RpcError } from "@chasqui/chassis";
import type { DagSpec } from "@chasqui/contracts";
import { applySpecs, compileFiles, findDagFiles, renderApplied, renderProblem } from "chasqui";
import type { Cli, Server } from "chasqui";
import type { Narrator } from "./narrator.ts";

/** False when a file has errors; then nothing is applied. */
export async function applyDags(
  folder: string,
  cli: Cli,
  server: Server,
  say: Narrator,
): Promise<boolean> {
  const specs: { file: string; spec: DagSpec; fingerprint: string }[] = [];
  let isGood = true;
  for (const { file, text, compiled } of await compileFiles(
    findDagFiles([folder], cli.cwd),
    cli.cwd,
    {},
  )) {
    if (compiled.ok) specs.push({ file, ...compiled });
    else {
      isGood = false;
      for (const problem of compiled.problems)
        say.note(renderProblem(problem, text, cli.out.style).join("\n"));
    }
  }
  if (!isGood) return false;
  try {
    const applied = await applySpecs(server, specs, { note: "npm start" });
    for (const dag of applied.filter(({ changed }) => changed))
      say.note(renderApplied(dag, cli.out.style).join("\n"));
    return true;
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    say.note(`✗ the server refused: ${thrown.message}`);
    return false;
  }
}
