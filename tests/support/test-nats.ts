// A nats-server of a test's own: on a free port, with a store in a temporary folder, gone with the test.
//   await using nats = await TestNats.start();
import { inject } from "vitest";
import { type NatsServer, startNats } from "../../libs/sandbox/src/servers/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import "./setup-nats.ts";

export interface TestNatsOptions {
  /** Configuration text: accounts, users and their permissions. Without it anybody may do anything. */
  readonly accounts?: string;
  readonly storeBytesMax?: number;
}

export type TestNats = Omit<NatsServer, "stop">;

async function start(options: TestNatsOptions = {}): Promise<TestNats> {
  const folder = await temporaryFolder("nats");
  try {
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

export const TestNats = { start } as const;
