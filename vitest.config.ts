// Which tests there are, by what they need. `npx vitest run --project unit libs/dag` runs a part.
//   unit         nothing but Node: examples, properties, simulation, housekeeping
//   integration  a real nats-server and a real PostgreSQL
//   e2e          every service as a process
//   chaos        the same with a monkey that kills; not part of `npm test`, see tests/chaos/main.ts
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { countReporter } from "./tests/support/count-reporter.ts";

/**
 * Left to itself it keeps a core free, which of two is half. One more than there are cores: files with servers wait
 * for them, and each has its own.
 */
const WORKERS = availableParallelism() + 1;
/** A poll gives up just before its test does, and says of what; vitest's own second is short on a busy machine. */
const POLL = { timeout: 40_000 };
/** An installation takes close to a gigabyte. */
const INSTALLATIONS_MAX = 4;

const everywhere = "{libs,services,scripts,tests}/**";
const elsewhere = ["**/node_modules/**", "**/dist/**"];

export default defineConfig({
  test: {
    reporters: ["default", countReporter(import.meta.dirname)],
    maxWorkers: WORKERS, // of all projects together, in the order of their names
    expect: { poll: POLL },
    pool: "forks", // a test may kill
    // Node reads the source as it is, as it does for people, and compiles it once for all workers (scripts/test.ts).
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [`${everywhere}/*.test.{ts,tsx}`],
          exclude: [...elsewhere, "**/*.{it,e2e,chaos}.test.ts"],
          isolate: false, // a worker loads what many files share once: less than half the time
          testTimeout: 60_000, // no test waits for time: this is for what hangs, also where four work at once on two cores
          hookTimeout: 60_000, // one loads Google's client, which takes seconds when the machine is busy
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: [`${everywhere}/*.it.test.ts`],
          exclude: elsewhere,
          globalSetup: [
            "./tests/support/setup-nats.ts",
            "./tests/support/setup-cluster.ts",
            "./tests/support/setup-postgres.ts",
          ],
          isolate: false, // as above; who leaves something running is told by the file that comes after
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["tests/**/*.e2e.test.ts"],
          exclude: elsewhere,
          globalSetup: [
            "./tests/support/setup-nats.ts",
            "./tests/support/setup-cluster.ts",
            "./tests/support/setup-bundles.ts",
          ],
          ...(WORKERS > INSTALLATIONS_MAX
            ? { maxWorkers: INSTALLATIONS_MAX, sequence: { groupOrder: 1 } }
            : {}),
          isolate: false, // as above
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: "chaos",
          include: ["tests/chaos/*.chaos.test.ts"],
          exclude: elsewhere,
          globalSetup: [
            "./tests/support/setup-nats.ts",
            "./tests/support/setup-cluster.ts",
            "./tests/support/setup-bundles.ts",
          ],
          fileParallelism: false,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
