// Binding a stand-in's port.
// Invariants: only 127.0.0.1 is ever bound; a port that cannot be had is an error that names the
// port, the setting it came from and what to do.
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";

export const LOCAL_HOST = "127.0.0.1";

export interface PortRequest {
  /** 0 lets the system pick a free port. */
  readonly port: number;
  /** What the port is for, as in "the mail viewer". */
  readonly what: string;
  /** The environment variable or option people change it with. */
  readonly setting: string;
}

export function portError(request: PortRequest, cause: unknown): Error {
  const { port, what, setting } = request;
  const code = codeOf(cause);
  if (code === "EADDRINUSE") {
    return new Error(
      `port ${port} for ${what} is taken: stop what listens on ${LOCAL_HOST}:${port}, ` +
        `or set ${setting} to another port (0 picks a free one)`,
      { cause },
    );
  }
  if (code === "EACCES") {
    return new Error(
      `port ${port} for ${what} may not be opened by this user: ` +
        `set ${setting} to a port above 1023 (0 picks a free one)`,
      { cause },
    );
  }
  return new Error(`port ${port} for ${what} cannot be opened (${String(cause)}): see ${setting}`, {
    cause,
  });
}

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  // grpc-js reports a failed bind as text only.
  return /\b(EADDRINUSE|EACCES)\b/.exec(thrown.message)?.[1];
}

export function checkPort(request: PortRequest): void {
  if (!Number.isInteger(request.port) || request.port < 0 || request.port > 65_535) {
    throw new Error(
      `port ${request.port} for ${request.what}: want an integer in 0..65535 (setting ${request.setting})`,
    );
  }
}

/** Resolves with the port that was bound. */
export function listenLocal(server: Server, request: PortRequest): Promise<number> {
  checkPort(request);
  return new Promise((resolve, reject) => {
    const onError = (error: unknown) => reject(portError(request, error));
    server.once("error", onError);
    server.listen(request.port, LOCAL_HOST, () => {
      server.off("error", onError);
      resolve(portOf(server.address()));
    });
  });
}

/** Fails as listenLocal would; for servers that bind by themselves. */
export async function probePort(request: PortRequest): Promise<void> {
  const probe = createServer();
  await listenLocal(probe, request);
  await new Promise((resolve) => probe.close(resolve));
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") {
    throw new Error(`the server listens on ${JSON.stringify(address)}: want a TCP address`);
  }
  return address.port;
}
