// The program as a process: the launcher, exit codes, signals, a reader that goes away.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startFakeServer } from "./testing/fake-server.ts";

const launcher = path.resolve(import.meta.dirname, "../bin/chasqui.mjs");

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [launcher, ...args], {
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
