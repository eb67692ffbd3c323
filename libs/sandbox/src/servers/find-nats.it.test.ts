// The real thing: Debian's package of nats-server, fetched without root and started.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./command.ts";
import { findNatsServer } from "./find-nats.ts";
import { startNats } from "./nats-server.ts";

const apt = await runCommand("apt-get", ["--version"], { timeoutMs: 10_000 });

test.skipIf(!apt.ok)(
  "Debian's package is fetched into our folder and starts",
  async () => {
    const home = await mkdtemp(path.join(tmpdir(), "chasqui-apt-"));
    try {
      const env = { ...process.env, CHASQUI_NATS_SERVER: "", PATH: "/usr/bin:/bin" };
      const program = await findNatsServer({ home, env, systemFolders: [] });
      expect(program).toEqual({ kind: "binary", path: path.join(home, "bin/nats-server") });
      await using nats = await startNats({ program, dir: path.join(home, "nats") });
      expect(nats.port).toBeGreaterThan(0);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
  180_000,
);
