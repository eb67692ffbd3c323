// Is anybody listening? The bus client waits for a server for ever, which suits services; people want an answer.
import { once } from "node:events";
import { connect } from "node:net";
import { CliError, exitCodes, usageError } from "../../errors.ts";

const REACH_MS_MAX = 5_000;
const NATS_PORT = 4222;

/** Resolves when one of the servers, separated by commas, takes a connection. */
export async function reachBus(urls: string): Promise<void> {
  const failures: string[] = [];
  for (const url of urls.split(",").map((text) => text.trim())) {
    const full = /^[a-z]+:\/\//.test(url) ? url : `nats://${url}`;
    if (!URL.canParse(full)) throw usageError("CHASQUI_NATS_URL: want nats://host:4222");
    const { hostname, port } = new URL(full);
    const failure = await tryConnect(hostname, port === "" ? NATS_PORT : Number(port));
    if (failure === undefined) return;
    failures.push(`${hostname}:${port === "" ? NATS_PORT : port}: ${failure}`);
  }
  throw new CliError(exitCodes.unreachable, `no bus at ${failures.join(", ")}`, {
    hint: "CHASQUI_NATS_URL says where it is",
  });
}

async function tryConnect(host: string, port: number): Promise<string | undefined> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(REACH_MS_MAX) });
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof Error)) return String(thrown);
    return thrown.name === "AbortError"
      ? `no answer for ${REACH_MS_MAX / 1_000} s`
      : thrown.message;
  } finally {
    socket.destroy();
  }
}
