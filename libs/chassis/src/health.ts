// The health server of a process.
//   /livez    200 while the event loop answers; nothing else, so a broker's restart never restarts the fleet
//   /readyz   200 once started and not stopping, else 503, with what the start waits for
//   /statusz  JSON for people and for the alert-notifier
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Part } from "./part.ts";
import { mask } from "./secrets.ts";

export interface Health extends Part {
  readonly port: number;
  readonly ready: boolean;
  setReady(ready: boolean): void;
  /** What keeps it from being ready, for people; `undefined` when nothing does that can be named. */
  waitsFor(what: string | undefined): void;
  /** Called on each change of readiness. */
  onReady(listener: (ready: boolean) => void): void;
}

export interface HealthOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  readonly status: () => Readonly<Record<string, unknown>>;
}

export async function startHealth(options: HealthOptions): Promise<Health> {
  const listeners: ((ready: boolean) => void)[] = [];
  let ready = false;
  let waitedFor: string | undefined;
  const server = createServer((request, response) => {
    const { code, type, body } = answer(request.url ?? "/", { ready, waitedFor }, options.status);
    response.writeHead(code, { "content-type": type, "cache-control": "no-store" }).end(body);
  });
  const port = await listen(server, options.port, options.host ?? "127.0.0.1");
  return {
    name: "health",
    port,
    get ready() {
      return ready;
    },
    setReady(value) {
      if (ready === value) return;
      ready = value;
      for (const listener of listeners) listener(value);
    },
    waitsFor(what) {
      waitedFor = what;
    },
    onReady(listener) {
      listeners.push(listener);
    },
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

interface Readiness {
  readonly ready: boolean;
  readonly waitedFor: string | undefined;
}

function answer(path: string, readiness: Readiness, status: HealthOptions["status"]): Answer {
  const { ready, waitedFor } = readiness;
  const why = waitedFor === undefined ? "" : `: waits for this: ${mask(waitedFor)}`;
  const plain = (code: number, body: string): Answer => ({ code, type: "text/plain", body });
  switch (path.split("?", 1)[0]) {
    case "/livez":
      return plain(200, "ok\n");
    case "/readyz":
      return ready ? plain(200, "ready\n") : plain(503, `not ready${why}\n`);
    case "/statusz":
      return statusAnswer(readiness, status);
    default:
      return plain(404, "want /livez, /readyz or /statusz\n");
  }
}

function statusAnswer({ ready, waitedFor }: Readiness, status: HealthOptions["status"]): Answer {
  const type = "application/json";
  const told = waitedFor === undefined ? { ready } : { ready, waits_for: waitedFor };
  try {
    return { code: 200, type, body: mask(JSON.stringify({ ...told, ...status() }, bigintAsText)) };
  } catch (error) {
    return { code: 500, type, body: mask(JSON.stringify({ ...told, error: String(error) })) };
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new Error(`health server cannot listen on ${host}:${port}`, { cause })),
    );
    server.listen(port, host, () => resolve(portOf(server)));
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port; // a TCP server that listens has no other kind of address
}
