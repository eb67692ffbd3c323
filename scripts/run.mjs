// What a fresh clone runs first: `npm start`, `npm test` and the rest are `node scripts/run.mjs <script.ts> …`.
// Plain JavaScript for any Node from 20 on, without a dependency, because nothing is installed yet.
// Invariants:
//   B1. The script never runs on dependencies other than those of package-lock.json.
//   B2. Two first runs at once install once; a killed install is resumed by the next run.
//   B3. The script gets each signal once, and no process outlives this one.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { BootstrapError, ensureInstalled } from "./bootstrap/install.mjs";
import { nodeFor, supervise } from "./bootstrap/supervise.mjs";

const NODE_MAJOR_MIN = 20;

async function main() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < NODE_MAJOR_MIN) {
    throw new BootstrapError(
      `Node ${process.versions.node} is too old: Chasqui starts from Node ${NODE_MAJOR_MIN} or later`,
    );
  }
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const [script, ...args] = process.argv.slice(2);
  if (script === undefined) {
    throw new BootstrapError(
      "no script named: want `node scripts/run.mjs <script.ts> [arguments]`",
    );
  }
  await ensureInstalled(root);
  return supervise({ node: nodeFor(root), root, script: path.resolve(root, script), args });
}

try {
  process.exit(await main());
} catch (thrown) {
  if (!(thrown instanceof BootstrapError)) throw thrown;
  console.error(`chasqui: ${thrown.message}`);
  process.exit(thrown.exitCode);
}
