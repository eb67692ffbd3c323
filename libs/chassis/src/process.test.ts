// The start and stop contract as the outside sees it: a real process, real signals, its exit code.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";

const program = path.join(import.meta.dirname, "testing/tiny-service.ts");
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

type Line = Record<string, unknown>;

/** Starts the service; `line(message)` resolves with the first line of the log that says so. */
function start(env: Record<string, string> = {}, stdio: "pipe" | "ipc" = "pipe") {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...env },
    stdio: stdio === "pipe" ? ["pipe", "pipe", "inherit"] : ["ignore", "pipe", "inherit", "ipc"],
  });
  children.push(child);
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const output = child.stdout;
  if (output === null) throw new Error("the service's stdout is not piped");
  createInterface({ input: output }).on("line", (text) => {
    const parsed: Line = JSON.parse(text);
    lines.push(parsed);
    for (const look of waiting) look();
  });
  const line = (message: string): Promise<Line> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = lines.find((one) => one["message"] === message);
        if (found !== undefined) resolve(found);
      };
      waiting.add(look);
      look();
    });
  const exit = once(child, "exit").then(([code]: unknown[]) => code);
  return { child, line, exit };
}

test("SIGTERM: not ready, parts down, exit code 0", async () => {
  const { child, line, exit } = start();
  const { port } = await line("health server listens");
  await line("ready");
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await line("stopping")).toMatchObject({ reason: "SIGTERM" });
  await line("the part stops");
  expect(await exit).toBe(0);
});

test("a second signal: exit code 1", async () => {
  const { child, line, exit } = start({ TINY: "never stops" });
  await line("ready");
  child.kill("SIGINT");
  await line("the part stops");
  // within 200 ms two signals count as one, so it is said until it is heard
  const again = setInterval(() => child.kill("SIGINT"), 50);
  expect(await exit).toBe(1);
  clearInterval(again);
});

test.each(["throws later", "rejects later", "fails to start"])("%s: exit code 1", async (what) => {
  const { line, exit } = start({ TINY: what });
  expect(await exit).toBe(1);
  const told = await line(
    what === "fails to start" ? "failed to start" : "nobody caught this error: the process ends",
  );
  expect(told).toMatchObject({ level: "fatal", error: { message: what } });
});

test.each(["pipe", "ipc"] as const)(
  "a parent that closes its %s takes the service along",
  async (kind) => {
    const { child, line, exit } = start({ CHASQUI_EXIT_WITH_PARENT: "1" }, kind);
    await line("ready");
    if (kind === "pipe") child.stdin?.end();
    else child.disconnect();
    expect(await line("stopping")).toMatchObject({ reason: "the parent process is gone" });
    expect(await exit).toBe(0);
  },
);
