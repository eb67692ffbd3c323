#!/usr/bin/env node
// What `npx chasqui` starts. Plain JavaScript for any Node from 20 on: it finds Node 24 and the program.
// In a package the program is built (dist/main.mjs); in a clone it is the source, which Node 24 runs as it is, or the
// bundle that `npm install` or `npm start` made of it, as long as that is the same: it starts in half the time.
// Every call waits for this file, so it loads only what it needs: an `import` of node:fs would load its streams, too.
import module from "node:module";

const require = module.createRequire(import.meta.url);
const { existsSync, readFileSync, statSync } = require("node:fs");
const path = require("node:path");
const { fileURLToPath, pathToFileURL } = require("node:url");

const NODE_MAJOR_WANTED = 24;
const PACKAGES = "node_modules/";
/** npm writes it at each installation. */
const INSTALLED = "node_modules/.package-lock.json";
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

/** What scripts/bundle/cache.ts keeps, if each file that it was made of is as it was then; of packages, what npm says. */
function bundleOf(store) {
  try {
    const { folder, inputs } = JSON.parse(readFileSync(path.join(store, "latest.json"), "utf8"));
    const main = path.join(store, folder, "main.mjs");
    const ours = inputs.filter(({ file }) => file === INSTALLED || !file.startsWith(PACKAGES));
    return existsSync(main) && ours.every(isUntouched) ? main : undefined;
  } catch {
    return undefined; // none yet, or just being written: the source says the same
  }
}

function isUntouched({ file, size, mtimeMs }) {
  const seen = statSync(`${clone}/${file}`, { throwIfNoEntry: false });
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
  await runWithPinned();
}

async function runWithPinned() {
  const { spawn } = await import("node:child_process");
  const { constants } = await import("node:os");
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
