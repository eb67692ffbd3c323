// What npm runs after an installation that somebody made by hand: the CLI's bundle, so that already the first
// `npx chasqui` starts from it. Without one the CLI starts from its source, so no installation fails for this.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { nodeFor } from "./supervise.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Undefined when there is a bundle now. */
function whyNot() {
  try {
    const bundle = [path.join(root, "scripts/bundle.ts"), "chasqui"];
    const { status, error, stderr } = spawnSync(nodeFor(root), bundle, {
      cwd: root,
      encoding: "utf8",
    });
    return status === 0 ? undefined : (error?.message ?? stderr.trim());
  } catch (error) {
    return error.message;
  }
}

const why = whyNot();
if (why !== undefined)
  console.error(`chasqui: the CLI has no bundle, so it starts from its source: ${why}`);
