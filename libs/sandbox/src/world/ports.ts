// Ports of a local installation: those that people type are fixed and can be set; the others are any free ones.
import { createServer } from "node:net";

/** Any free port of loopback. */
export function freePort(): Promise<number> {
  return listen(0).then((port) => port);
}

/** Fails with what to do when somebody listens there already. */
export async function claimPort(
  port: number,
  about: { what: string; setting: string },
): Promise<number> {
  try {
    return await listen(port);
  } catch (cause) {
    throw new Error(
      `port ${port} for ${about.what} is taken by another program: stop it, or set ${about.setting} to another port`,
      { cause },
    );
  }
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === "string")
          reject(new Error(`port ${port}: no address`));
        else resolve(address.port);
      });
    });
  });
}
