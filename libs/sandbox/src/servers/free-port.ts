// A port for a server that is about to start.
import { createServer } from "node:net";

// Below what systems give to outgoing connections (32768 and up on Linux, 49152 elsewhere): a port that is free now
// and is listened on a second later must not be taken by somebody's connection in between.
const PORT_MIN = 15_000;
const PORT_COUNT = 17_000;
const TRIES_MAX = 200;
const given = new Set<number>();

/** A free port of loopback, which this process has given to nobody else. `chance` is in [0, 1). */
export async function freePort(chance: () => number = Math.random): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = PORT_MIN + Math.floor(chance() * PORT_COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(
    `no free port on 127.0.0.1: ${TRIES_MAX} of ${PORT_MIN} to ${PORT_MIN + PORT_COUNT - 1} were tried`,
  );
}

const isFree = (port: number): Promise<boolean> =>
  listen(port).then(
    () => true,
    () => false,
  );

/** Listens for a moment; throws as the system does when the port is taken. */
export function listen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}
