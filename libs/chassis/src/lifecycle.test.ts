// The start and stop contract, with a process of the test's own. The real one: process.test.ts.
import { expect, test } from "vitest";
import { processSettings } from "./common-settings.ts";
import { runService, type Life } from "./lifecycle.ts";
import { settingsFrom } from "./settings.ts";
import { fakeHost, type FakeHost } from "./testing/fake-host.ts";

type Settings = ReturnType<typeof settingsOf>;
const settingsOf = (env: NodeJS.ProcessEnv) => settingsFrom(env, processSettings);

interface Running {
  readonly host: FakeHost;
  readonly log: string[];
  /** Resolves with the life once `start` was called. */
  readonly begun: Promise<Life<Settings>>;
  readonly done: Promise<void>;
}

function run(
  start: (life: Life<Settings>, log: string[]) => Promise<void>,
  env: NodeJS.ProcessEnv = {},
): Running {
  const host = fakeHost(env);
  const log: string[] = [];
  const begun = Promise.withResolvers<Life<Settings>>();
  const done = runService({
    name: "it",
    host,
    settings: settingsOf,
    start(life) {
      begun.resolve(life);
      return start(life, log);
    },
  });
  return { host, log, begun: begun.promise, done };
}

const part = (name: string, log: string[], stop: () => Promise<void> = async () => {}) => ({
  name,
  stop: () => {
    log.push(`stop ${name}`);
    return stop();
  },
});

async function codeOf(life: Life<Settings>, path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${life.health.port}${path}`)).status;
}

const ready = (life: Life<Settings>): Promise<void> =>
  new Promise((resolve) => {
    if (life.health.ready) resolve();
    else life.health.onReady((is) => is && resolve());
  });

test("comes up in order, is ready, and on SIGTERM goes down in reverse with 0", async () => {
  const t = run(async (life, log) => {
    expect(await codeOf(life, "/readyz")).toBe(503);
    await life.up(part("database", log));
    await life.up(part("bus", log));
    life.status(() => ({ backlog: 3 }));
  });
  const life = await t.begun;
  await ready(life);
  expect(await codeOf(life, "/readyz")).toBe(200);
  const status: unknown = await (
    await fetch(`http://127.0.0.1:${life.health.port}/statusz`)
  ).json();
  expect(status).toMatchObject({
    service: "it",
    ready: true,
    backlog: 3,
    parts: ["telemetry", "health", "database", "bus"],
  });
  t.host.signal();
  expect(life.health.ready).toBe(false);
  expect(life.stopping.aborted).toBe(true);
  expect(await t.host.exited).toBe(0);
  expect(t.log).toEqual(["stop bus", "stop database"]);
  await t.done;
});

test("L3. when a part fails to start, those already up are stopped, and the exit code is 1", async () => {
  const t = run(async (life, log) => {
    await life.up(part("database", log));
    await life.up(Promise.reject(new Error("no broker")));
  });
  expect(await t.host.exited).toBe(1);
  expect(t.log).toEqual(["stop database"]);
});

test("SIGTERM during the start breaks it off: what came up meanwhile is stopped too", async () => {
  const slow = Promise.withResolvers<void>();
  const connecting = Promise.withResolvers<void>();
  const t = run(async (life, log) => {
    await life.up(part("database", log));
    connecting.resolve();
    await life.up(slow.promise.then(() => part("bus", log)));
    log.push("never");
  });
  await connecting.promise;
  t.host.signal();
  slow.resolve();
  expect(await t.host.exited).toBe(0);
  expect(t.log).toEqual(["stop bus", "stop database"]);
});

test("what a start waits for is told, and a SIGTERM breaks the wait off with 0", async () => {
  const waiting = Promise.withResolvers<void>();
  const t = run(async ({ waitsFor, stopping }) => {
    waitsFor("stream CHASQUI_TASKS");
    waiting.resolve();
    await new Promise((_resolve, reject) =>
      stopping.addEventListener("abort", () => reject(stopping.reason)),
    );
  });
  const { health } = await t.begun;
  await waiting.promise;
  const answer = await fetch(`http://127.0.0.1:${health.port}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain("stream CHASQUI_TASKS");
  t.host.signal();
  expect(await t.host.exited).toBe(0);
});

test("a second signal ends the process at once with 1; the same Ctrl-C twice does not", async () => {
  const stuck = Promise.withResolvers<void>();
  const t = run(async (life, log) => {
    await life.up(part("bus", log, () => stuck.promise));
  });
  await ready(await t.begun);
  t.host.signal("SIGINT");
  t.host.signal("SIGTERM");
  expect(t.host.exitCodes).toEqual([]);
  t.host.elapse(201);
  t.host.signal("SIGTERM");
  expect(t.host.exitCodes).toEqual([1]);
  stuck.resolve();
});

test("L2. five seconds past the deadline the process is gone with 1", async () => {
  const t = run(
    async (life, log) => {
      await life.up(part("bus", log, () => new Promise(() => {})));
    },
    { CHASQUI_STOP_DEADLINE_MS: "3s" },
  );
  await ready(await t.begun);
  t.host.signal();
  t.host.elapse(7_999);
  expect(t.host.exitCodes).toEqual([]);
  t.host.elapse(8_000);
  expect(t.host.exitCodes).toEqual([1]);
});

test("L1. a part that fails to stop makes the exit code 1, and the others stop", async () => {
  const t = run(async (life, log) => {
    await life.up(part("database", log));
    await life.up(part("bus", log, () => Promise.reject(new Error("drain failed"))));
  });
  await ready(await t.begun);
  t.host.signal();
  expect(await t.host.exited).toBe(1);
  expect(t.log).toEqual(["stop bus", "stop database"]);
});

test("a part that dies takes the process down with 1, the others in order", async () => {
  const t = run(async (life, log) => {
    await life.up(part("bus", log));
  });
  const life = await t.begun;
  await ready(life);
  life.fail(new Error("the bus closed"));
  expect(await t.host.exited).toBe(1);
  expect(t.log).toEqual(["stop bus"]);
});

test("L4. an error that nobody caught ends the process at once with 1", async () => {
  const t = run(async () => {});
  await ready(await t.begun);
  t.host.uncaught(new Error("our own mistake"));
  expect(t.host.exitCodes).toEqual([1]);
  t.host.signal();
  await t.done;
});

test.each([
  ["a rejection that nobody looked at, of a database that is away", "unhandledRejection", []],
  ["the same, thrown", "uncaughtException", [1]],
] as const)("%s", async (_, origin, exitCodes) => {
  const t = run(async () => {});
  await ready(await t.begun);
  t.host.uncaught(Object.assign(new Error("write"), { code: "CONNECTION_CLOSED" }), origin);
  expect(t.host.exitCodes).toEqual(exitCodes);
  t.host.signal();
  await t.done;
});

test("when the parent is gone, the process stops within a short deadline", async () => {
  let deadlineMs = Infinity;
  const t = run(async (life) => {
    await life.up({
      name: "bus",
      stop: async (ms) => {
        deadlineMs = ms;
      },
    });
  });
  await ready(await t.begun);
  t.host.parentGone();
  expect(await t.host.exited).toBe(0);
  expect(deadlineMs).toBeLessThanOrEqual(2_000);
});

test("bad settings end the process with 1 before anything is up", async () => {
  const t = run(async () => {}, { CHASQUI_HEALTH_PORT: "x" });
  expect(await t.host.exited).toBe(1);
  const u = run(async () => {}, { CHASQUI_LOG_LEVEL: "loud" });
  expect(await u.host.exited).toBe(1);
  expect(u.host.complaints.join()).toContain('CHASQUI_LOG_LEVEL is "loud"');
});

test("started and stopped 10 × 50 times, at any moment, nothing is left up", async () => {
  for (let round = 0; round < 10; round++) {
    const lives = Array.from({ length: 50 }, (_, index) => stressed(round * 50 + index));
    await expect(Promise.all(lives)).resolves.toHaveLength(50);
  }
});

/** One life of five parts, told to stop after as many turns of the event loop as its number says. */
async function stressed(number: number): Promise<void> {
  const up = new Set<string>();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const t = run(async (life) => {
    for (const name of ["a", "b", "c", "d", "e"]) {
      const starting = (async () => {
        await turn();
        up.add(name);
        return {
          name,
          stop: async () => {
            await turn();
            if (!up.delete(name)) throw new Error(`${name} stopped twice`);
          },
        };
      })();
      await life.up(starting);
    }
    if (number % 7 === 0) throw new Error("the last step failed");
  });
  for (let i = 0; i < number % 23; i++) await turn();
  t.host.signal();
  const code = await t.host.exited;
  await t.done;
  expect(code === 0 || number % 7 === 0).toBe(true);
  expect([...up]).toEqual([]);
}
