#!/usr/bin/env node
// What `npx chasqui` starts. Plain JavaScript for any Node from 20 on: it finds Node 24 and the program.
// In a package the program is built (dist/main.mjs); in a clone it is the source, which Node 24 runs as it is, or the
// bundle that `npm start` made of it, as long as that is the same: it starts in half the time.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_MAJOR_WANTED = 24;
const here = path.dirname(fileURLToPath(import.meta.url));
const clone = path.join(here, "../../..");
const inHere = (file) => {
  const found = path.join(here, file);
  return existsSync(found) ? found : undefined;
};
const program =
  inHere("../dist/main.mjs") ??
  inHere("../dist/main.js") ??
  bundleOf(path.join(clone, ".chasqui/bundles/chasqui")) ??
  inHere("../src/main.ts");

/** The source's types are stripped once, not at every call; a folder of the clone, for what is in it is run. */
const compiled = path.join(clone, "node_modules/.cache/chasqui");

/** The Node that npm installed with a clone's dependencies. */
const pinned = path.join(clone, "node_modules/.bin/node");

/** What scripts/bundle/cache.ts keeps, if each file that it was made of is as it was then. */
function bundleOf(store) {
  try {
    const { folder, inputs } = JSON.parse(readFileSync(path.join(store, "latest.json"), "utf8"));
    const main = path.join(store, folder, "main.mjs");
    return existsSync(main) && inputs.every(isUntouched) ? main : undefined;
  } catch {
    return undefined; // none yet, or just being written: the source says the same
  }
}

function isUntouched({ file, size, mtimeMs }) {
  const seen = statSync(path.join(clone, file), { throwIfNoEntry: false });
  return seen?.size === size && seen.mtimeMs === mtimeMs;
}

async function main() {
  if (program === undefined) return fail("the program is missing: install the package again");
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= NODE_MAJOR_WANTED) {
    module.enableCompileCache(compiled);
    await import(pathToFileURL(program).href);
    return;
  }
  if (!existsSync(pinned))
    return fail(
      `Node ${process.versions.node} runs, Chasqui needs Node ${NODE_MAJOR_WANTED} or later: ` +
        "in a clone run `npm start` once, which brings it; elsewhere install it",
    );
  const child = spawn(pinned, [program, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? compiled },
  });
  // The terminal sends Ctrl-C to both of us; the program decides what it means.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(name, () => void (name === "SIGINT" || child.kill(name)));
  child.once("error", (error) => fail(`cannot run ${pinned}: ${error.message}`));
  child.once("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 1);
  });
}

function fail(message) {
  console.error(`chasqui: ${message}`);
  process.exitCode = 1;
}

await main();
