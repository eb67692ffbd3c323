// The stand-ins as one process of their own: what the services talk to must not live in the process that kills them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { SandboxUrls } from "./sandbox-urls.ts";
import type { WorldOptions } from "./world.ts";

export interface SandboxProcess extends AsyncDisposable {
  readonly urls: SandboxUrls;
}

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;

export async function startSandboxProcess(options: WorldOptions): Promise<SandboxProcess> {
  const { ports = {}, dataDir, root } = options;
  const file = options.bundles.get("sandbox");
  if (file === undefined)
    throw new Error("no bundle of the sandbox: want it from scripts/bundle.ts");
  const logDir = path.join(dataDir, "logs");
  mkdirSync(logDir, { recursive: true });
  const port = (value: number | undefined): string => String(value ?? 0);
  const child = spawn(process.execPath, [file], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: {
      ...process.env,
      CHASQUI_SANDBOX_K8S_PORT: port(ports.kubernetes),
      CHASQUI_SANDBOX_VERTEX_GRPC_PORT: "0",
      CHASQUI_SANDBOX_SLACK_PORT: port(ports.slack),
      CHASQUI_SANDBOX_SMTP_PORT: "0",
      CHASQUI_SANDBOX_MAIL_PORT: port(ports.mail),
      CHASQUI_SANDBOX_OTLP_PORT: port(ports.traces),
      CHASQUI_SANDBOX_BUCKETS_PORT: port(ports.buckets),
      CHASQUI_SANDBOX_DATA_DIR: path.join(dataDir, "sandbox"),
      CHASQUI_SANDBOX_WORK_DIR: root,
      CHASQUI_EXIT_WITH_PARENT: "1",
    },
  });
  const log = createWriteStream(path.join(logDir, "sandbox.log"), { flags: "a" });
  const ready = Promise.withResolvers<SandboxUrls>();
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      log.write(`${line}\n`);
      tail.push(line);
      if (line.startsWith('{"kubernetes"')) ready.resolve(JSON.parse(line) as SandboxUrls);
    });
  const ended = once(child, "exit").then(() =>
    ready.reject(
      new Error(`the sandbox ended before it was ready:\n${tail.slice(-20).join("\n")}`),
    ),
  );
  const timer = setTimeout(
    () => ready.reject(new Error(`the sandbox is not ready after ${READY_MS_MAX / 1_000} s`)),
    READY_MS_MAX,
  );
  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const kill = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(kill);
  }
  try {
    return { urls: await ready.promise, [Symbol.asyncDispose]: stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}
