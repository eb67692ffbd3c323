// Applies the DAG files of a folder: prints the semantic diff of each that changed, or the positioned errors.
import { RpcError } from "@chasqui/chassis";
import type { DagSpec } from "@chasqui/contracts";
import {
  applySpecs,
  checkedOnServer,
  compileFiles,
  findDagFiles,
  renderApplied,
  renderProblem,
} from "chasqui";
import type { Cli, Server } from "chasqui";
import type { Narrator } from "./narrator.ts";

/** False when a file has errors; then nothing is applied. */
export async function applyDags(
  folder: string,
  cli: Cli,
  server: Server,
  say: Narrator,
): Promise<boolean> {
  try {
    const compiled = await compileFiles(findDagFiles([folder], cli.cwd), cli.cwd, {});
    const dags = await checkedOnServer(server, compiled);
    for (const dag of dags)
      for (const problem of dag.compiled.ok ? dag.compiled.warnings : dag.compiled.problems)
        say.note(renderProblem(problem, dag.text, cli.out.style).join("\n"));
    const specs: { file: string; spec: DagSpec; fingerprint: string }[] = [];
    for (const { file, compiled: one } of dags) if (one.ok) specs.push({ file, ...one });
    if (specs.length < dags.length) return false;
    const { applied } = await applySpecs(server, specs, { note: "npm start" });
    for (const dag of applied.filter(({ changed }) => changed))
      say.note(renderApplied(dag, cli.out.style).join("\n"));
    return true;
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    say.note(`✗ the server refused: ${thrown.message}`);
    return false;
  }
}
