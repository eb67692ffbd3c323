// The program as a process: the launcher, exit codes, signals, a reader that goes away.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startFakeServer } from "./testing/fake-server.ts";

const launcher = path.resolve(import.meta.dirname, "../bin/chasqui.mjs");
const source = path.resolve(import.meta.dirname, "main.ts");

function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = launcher,
) {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => code ?? signal);
  return { child, ended, out: text(child.stdout), err: text(child.stderr) };
}

test("it says its version and ends with 0; a wrong command line ends with 2", async () => {
  const version = start(["--version"]);
  const wrong = start(["nope"]);
  expect([await version.ended, await version.out]).toEqual([
    0,
    expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  ]);
  expect([await wrong.ended, await wrong.out]).toEqual([2, ""]);
});

// The server keeps idle connections for longer than a test may take: one that the program keeps would hold it.
test("it ends as soon as the answer is there", async () => {
  await using server = await startFakeServer();
  const runs = start(["runs", "--json"], { CHASQUI_SERVER: server.url });
  expect([await runs.ended, JSON.parse(await runs.out)]).toEqual([0, { runs: [] }]);
});

test("Ctrl-C ends a wait with 130", async () => {
  await using server = await startFakeServer({ hangs: true });
  const logs = start(["logs", "-f", "hello", "work"], { CHASQUI_SERVER: server.url });
  await server.asked("tailLogs");
  logs.child.kill("SIGINT");
  expect([await logs.ended, await logs.err]).toEqual([130, ""]);
});

test.each([
  ["validate", "nobody asks a server"],
  ["apply", "a server was asked before"],
])("Ctrl-C ends a DAG file that never comes to its end: %s, %s", async (command) => {
  await using server = await startFakeServer();
  const folder = await mkdtemp(path.join(tmpdir(), "chasqui-"));
  const loop = `import { writeSync } from "node:fs"; writeSync(1, "begun"); for (;;);`;
  await writeFile(path.join(folder, "a.ts"), loop);
  const looping = start([command, path.join(folder, "a.ts")], { CHASQUI_SERVER: server.url });
  await once(looping.child.stdout, "data");
  looping.child.kill("SIGINT");
  expect(await looping.ended).toBe("SIGINT");
  await rm(folder, { recursive: true });
});

test("a DAG is simulated without what only servers need: neither gRPC, database nor bus is loaded", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "chasqui-"));
  await writeFile(path.join(folder, "a.yaml"), "id: a\ntasks: { a: { uses: noop } }\n");
  const tells = `import module from "node:module"; const seen = [];
    module.registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
    process.on("exit", () => console.error(seen.join("\\n")));`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tells)}` };
  const simulated = start(["simulate", path.join(folder, "a.yaml"), "--json"], env, source);
  const loaded = await simulated.err;
  expect(await simulated.ended).toBe(0);
  expect(loaded).toContain("/libs/machine/");
  for (const heavy of ["@grpc", "postgres", "drizzle", "pino", "opentelemetry", "/libs/bus/"])
    expect(loaded.split("\n").filter((url) => url.includes(heavy))).toEqual([]);
  await rm(folder, { recursive: true });
});
