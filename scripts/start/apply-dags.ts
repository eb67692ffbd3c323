// Applies the DAG files of a folder: prints the semantic diff of each that changed, or the positioned errors.
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { RpcError } from "../../libs/chassis/src/index.ts";
import type { DagSpec } from "../../libs/contracts/src/index.ts";
import { compileDag, diffSpecs, formatProblem } from "../../libs/dag/src/index.ts";
import type { Clients } from "./clients.ts";
import type { Narrator } from "./narrator.ts";

/** False when a file has errors; then nothing is applied. */
export async function applyDags(folder: string, clients: Clients, say: Narrator): Promise<boolean> {
  const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  const specs: DagSpec[] = [];
  let isGood = true;
  for (const name of names) {
    const text = await readFile(path.join(folder, name), "utf8");
    const compiled = compileDag({ file: path.join(path.basename(folder), name), text });
    if (compiled.ok) specs.push(compiled.spec);
    else {
      isGood = false;
      for (const problem of compiled.problems) say.note(`✗ ${formatProblem(problem)}`);
    }
  }
  if (isGood) await apply(specs, clients, say);
  return isGood;
}

async function apply(specs: readonly DagSpec[], clients: Clients, say: Narrator): Promise<void> {
  const before = new Map(
    (await clients.dags.listDags({})).dags.map((dag) => [dag.dagId, dag.spec]),
  );
  try {
    const { dags } = await clients.dags.applyDags({ dags: [...specs], note: "npm start" });
    for (const [index, { dagId, version, changed }] of dags.entries()) {
      if (!changed) continue;
      const old = before.get(dagId);
      const spec = specs[index];
      const lines = old === undefined || spec === undefined ? ["new"] : diffSpecs(old, spec);
      say.note(`✓ ${dagId} is version ${version}: ${lines.join("; ")}`);
    }
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    say.note(`✗ the server refused: ${thrown.message}`);
  }
}
