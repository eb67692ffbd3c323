// A service as a process of its own, for integration tests: started from its main.ts, seen through its health server
// and its log, ended by signals.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { compiledSourceEnv } from "@chasqui/chassis";

export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number;
  readonly logs: readonly Record<string, unknown>[];
  /** Resolves when /readyz says so; rejects with the log when the process ends before. */
  ready(): Promise<void>;
  status(): Promise<Record<string, unknown>>;
  /** Resolves with the exit code, null when it was killed. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

export function startServiceProcess(main: URL, env: Record<string, string>): ServiceProcess {
  const child = spawn(process.execPath, [main.pathname], {
    env: {
      ...compiledSourceEnv(),
      PATH: process.env["PATH"] ?? "",
      CHASQUI_EXIT_WITH_PARENT: "1",
      ...env,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const logs: Record<string, unknown>[] = [];
  const port = Promise.withResolvers<number>();
  const isReady = Promise.withResolvers<void>();
  const exited = once(child, "exit").then(([code]): number | null =>
    typeof code === "number" ? code : null,
  );
  createInterface(child.stdout).on("line", (line) => {
    const entry: Record<string, unknown> = JSON.parse(line) as Record<string, unknown>;
    logs.push(entry);
    if (entry["message"] === "health server listens") port.resolve(Number(entry["port"]));
    if (entry["message"] === "ready") isReady.resolve();
  });
  const ended = exited.then((code): never => {
    throw new Error(`the service ended with ${code}: ${JSON.stringify(logs.slice(-5))}`);
  });
  ended.catch(() => undefined);
  const get = async (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${await Promise.race([port.promise, ended])}${path}`);
  return {
    pid: child.pid ?? 0,
    logs,
    async ready() {
      await Promise.race([isReady.promise, ended]);
      const answer = await get("/readyz");
      if (answer.status !== 200) throw new Error(`/readyz: ${answer.status}: want 200`);
    },
    status: async () => (await (await get("/statusz")).json()) as Record<string, unknown>,
    end(signal) {
      child.kill(signal);
      return exited;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
