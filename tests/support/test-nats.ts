// A nats-server of a test's own: on a free port, with a store in a temporary folder, gone with the test.
//   await using nats = await TestNats.start();
import { createHash } from "node:crypto";
import { cpSync, existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";
import { applyTopology } from "../../libs/bus/src/index.ts";
import type { Installation } from "../../libs/contracts/src/index.ts";
import { type NatsServer, startNats } from "../../libs/sandbox/src/servers/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import "./setup-nats.ts";

export interface TestNatsOptions {
  /** Configuration text: accounts, users and their permissions. Without it anybody may do anything. */
  readonly accounts?: string;
  readonly storeBytesMax?: number;
  /** Whose streams and consumers are there from the start; the admin's password is in the accounts. */
  readonly topology?: { readonly installation: Installation; readonly adminPassword: string };
}

export type TestNats = Omit<NatsServer, "stop">;

async function start({ topology, ...options }: TestNatsOptions = {}): Promise<TestNats> {
  const folder = await temporaryFolder("nats");
  try {
    // Not the copy of promises: it takes twenty times as much work for a hundred small files.
    if (topology !== undefined)
      cpSync(await storeOf(options, topology), path.join(folder.path, "store"), {
        recursive: true,
      });
    const program = inject("natsProgram");
    const server = await startNats({ ...options, program, dir: folder.path, monitorPort: 0 });
    const stop = server[Symbol.asyncDispose].bind(server);
    return Object.assign(server, {
      [Symbol.asyncDispose]: async () => {
        await stop();
        await folder[Symbol.asyncDispose]();
      },
    });
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

/** A store with the topology and nothing else: made once a run, copied by each test that wants one. */
async function storeOf(
  options: Omit<TestNatsOptions, "topology">,
  { installation, adminPassword }: NonNullable<TestNatsOptions["topology"]>,
): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify([options, installation]));
  const made = path.join(inject("natsStores"), digest.digest("hex").slice(0, 16));
  if (existsSync(made)) return made;
  const dir = await mkdtemp(`${made}-making-`);
  try {
    {
      await using nats = await startNats({ ...options, program: inject("natsProgram"), dir });
      const { url } = nats;
      await applyTopology({ url, user: "admin", password: adminPassword, installation });
    }
    await rename(path.join(dir, "store"), made).catch((error: unknown) => {
      if (!existsSync(made)) throw error; // another process was first
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return made;
}

export const TestNats = { start } as const;
