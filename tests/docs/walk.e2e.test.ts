// Walks through README.md and docs/first-dag.md as a newcomer does: `npm start`, then every command in its order, the
// files written as the pages show them, the output compared with what the pages show. Ends with Ctrl-C.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { replayOfData, replayTest } from "../e2e/support/replay.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/index.ts";
import { blocksOf, commandsOf, readPage, root, type Block } from "./support/pages.ts";
import { firstMissing } from "./support/shown.ts";

const START_MS_MAX = 150_000;
const ANY_PORT = Object.fromEntries(
  ["CONSOLE", "CONSOLE_GRPC", "MAIL", "SLACK", "TRACES"].map((name) => [
    `CHASQUI_${name}_PORT`,
    "0",
  ]),
);

/** Commands that are not typed here, and what shows that they work. */
const provenElsewhere: Readonly<Record<string, string>> = {
  "npm start": "this file starts it as package.json does, for all that follows",
  "npm test": "what runs this test; .ci/run calls it, which continuous integration runs",
};

let folder: TemporaryFolder;
let system: ChildProcess;
let server = "";
const printed: string[] = [];

beforeAll(async () => {
  folder = await temporaryFolder("docs");
  const script = await startScript();
  system = spawn(process.execPath, [...script, "--data", path.join(folder.path, "data")], {
    cwd: root,
    env: { ...process.env, ...ANY_PORT, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true, // a process group, as in a terminal
  });
  server = await consoleAddress();
  await prepareClone();
}, START_MS_MAX);

afterAll(async () => {
  if (system.exitCode === null && system.pid !== undefined) process.kill(-system.pid, "SIGKILL");
  await folder[Symbol.asyncDispose]();
});

/** What `npm start` runs, without npm between us and the signals. */
async function startScript(): Promise<string[]> {
  const manifest: { scripts: Record<string, string> } = JSON.parse(
    await readFile(path.join(root, "package.json"), "utf8"),
  );
  const [program, ...rest] = (manifest.scripts["start"] ?? "").split(" ");
  expect(program).toBe("node");
  return rest;
}

/** Resolves when the last of the closing lines was printed. */
function consoleAddress(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  if (system.stdout === null) throw new Error("npm start has no output");
  createInterface({ input: system.stdout }).on("line", (line) => {
    printed.push(line);
    if (!line.startsWith("Ctrl-C ends everything")) return;
    const address = /^Console\s+(\S+)/m.exec(printed.join("\n"))?.[1];
    if (address === undefined) reject(new Error("no address of the console"));
    else resolve(address);
  });
  system.once("exit", (code) =>
    reject(new Error(`npm start ended with ${code}:\n${printed.join("\n")}`)),
  );
  return promise;
}

/** The folder in which the newcomer types: what a clone has, without touching ours. */
async function prepareClone(): Promise<void> {
  const clone = path.join(folder.path, "clone");
  await mkdir(clone);
  for (const name of ["dags", "environments"])
    await cp(path.join(root, name), path.join(clone, name), { recursive: true });
  await symlink(path.join(root, "node_modules"), path.join(clone, "node_modules"));
}

async function type(command: string): Promise<{ code: number | null; out: string }> {
  const chunks: string[] = [];
  const child = spawn("sh", ["-c", command.replace(/^npx chasqui /, '"$CHASQUI" ')], {
    cwd: path.join(folder.path, "clone"),
    env: {
      ...process.env,
      CHASQUI: path.join(root, "libs/cli/bin/chasqui.mjs"),
      CHASQUI_SERVER: server,
      NO_COLOR: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => void chunks.push(chunk));
  await once(child, "close");
  return { code: child.exitCode, out: chunks.join("") };
}

/** Does what one block says; answers what was printed, with what was printed before it. */
async function follow(block: Block, before: string): Promise<string> {
  const at = `line ${block.line}`;
  const file = /file=(\S+)/.exec(block.info)?.[1];
  if (block.language === "sh") {
    const wanted = Number(/exit=(\d+)/.exec(block.info)?.[1] ?? 0);
    let all = "";
    for (const command of commandsOf(`\`\`\`sh\n${block.text}\n\`\`\``)) {
      if (provenElsewhere[command] !== undefined) continue;
      expect(command, at).toMatch(/^npx chasqui /);
      const { code, out } = await type(command);
      expect(code, `${at}: ${command}\n${out}`).toBe(wanted);
      all += out;
    }
    return all;
  }
  if (block.language === "text") {
    expect(firstMissing(block.text, before), `${at}: not printed; this was:\n${before}`).toBe(
      undefined,
    );
    return before;
  }
  expect(file, `${at}: a block that nobody follows`).toBeDefined();
  await write(path.join(folder.path, "clone", file ?? ""), block);
  return before;
}

/** A whole file, or lines of it replaced: `-` the old one, `+` the new one. */
async function write(file: string, { language, text, line }: Block): Promise<void> {
  if (language !== "diff") return writeFile(file, `${text}\n`);
  const part = (sign: string): string =>
    text
      .split("\n")
      .filter((changed) => changed.startsWith(sign))
      .map((changed) => changed.slice(1))
      .join("\n");
  const content = await readFile(file, "utf8");
  expect(content, `line ${line}`).toContain(part("-"));
  await writeFile(
    file,
    content.replace(part("-"), () => part("+")),
  );
}

test("what README.md shows of npm start is what it printed", () => {
  const shown = blocksOf(readPage("README.md")).find(({ language }) => language === "text");
  expect(firstMissing(shown?.text ?? "no block", printed.join("\n"))).toBe(undefined);
});

test("README.md: every command works", async () => {
  const commands = blocksOf(readPage("README.md")).filter(({ language }) => language === "sh");
  expect(commands.length).toBeGreaterThanOrEqual(3);
  for (const block of commands) await follow(block, "");
});

test("docs/first-dag.md: every step does what the page says", async () => {
  const blocks = blocksOf(readPage("docs/first-dag.md"));
  expect(blocks.length).toBeGreaterThan(15);
  let before = "";
  for (const block of blocks) before = await follow(block, before);
});

test("continuous integration runs the README's test command", async () => {
  expect(commandsOf(readPage("README.md"))).toContain("npm test");
  expect(await readFile(path.join(root, ".ci/run"), "utf8")).toMatch(/^exec npm test$/m);
});

test("Ctrl-C ends it", async () => {
  const ended = once(system, "exit");
  if (system.pid === undefined) throw new Error("npm start never ran");
  process.kill(-system.pid, "SIGINT");
  expect(await ended).toEqual([0, null]);
});

replayTest(() => replayOfData(path.join(folder.path, "data")));
