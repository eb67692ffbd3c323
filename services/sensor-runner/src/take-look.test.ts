import { forgetSecrets, maskSecrets } from "@chasqui/chassis";
import { refOf } from "@chasqui/runner/testing";
import { expect, test } from "vitest";
import type { Seen, WaitSpec } from "./core/wait.ts";
import { CannotAsk } from "./kinds/kind.ts";
import type { Looker, SensorKind } from "./kinds/kind.ts";
import type { WaitRow } from "./store/rows.ts";
import { lookersOf } from "./take-look.ts";

const spec: WaitSpec = {
  pace: { intervalMs: 1, factor: 1, intervalMsMax: 1 },
  timeoutMs: undefined,
  softFail: false,
  of: "config",
};
const row: WaitRow = {
  ref: refOf({}),
  kind: "sensor.test",
  spec,
  state: "waiting",
  version: 1,
  acceptedMs: 0,
  deadlineMs: 1,
  progress: { polls: 0, silences: 0, note: "", cursor: null },
  lines: 0,
  nudges: 0,
  outcome: undefined,
  endedMs: undefined,
  reportedMs: undefined,
};

function setup(look: Looker<unknown>["look"], { opens = () => {} } = {}) {
  let closed = 0;
  const sensor: SensorKind<unknown> = {
    kind: "sensor.test",
    description: "",
    parse: () => spec,
    what: () => "a test",
    async open() {
      opens();
      return { look, close: async () => void (closed += 1) };
    },
  };
  const lookers = lookersOf(new Map([[sensor.kind, sensor]]), { now: () => 7, lookMs: 50 });
  const stopping = new AbortController();
  return {
    lookers,
    stopping,
    look: (change: Partial<WaitRow> = {}): Promise<Seen> =>
      lookers.takeLook({ ...row, ...change }, stopping.signal),
    closed: () => closed,
  };
}

const seen: Seen = { is: "not_yet", note: "none" };

test("a kind is opened with its first look, once, and closed at the end", async () => {
  let opened = 0;
  const t = setup(async () => seen, { opens: () => void (opened += 1) });
  expect(opened).toBe(0);
  await Promise.all([t.look(), t.look()]);
  expect(opened).toBe(1);
  await t.lookers.stop(0);
  expect(t.closed()).toBe(1);
});

test("a kind that could not be loaded is loaded again", async () => {
  let opened = 0;
  const opens = (): void => {
    opened += 1;
    if (opened === 1) throw new Error("no such module");
  };
  const t = setup(async () => seen, { opens });
  expect(await t.look()).toEqual({ is: "silent", note: "no such module" });
  expect(await t.look()).toMatchObject({ is: "not_yet" });
});

test("a look is told what the row knows", async () => {
  const told: unknown[] = [];
  const t = setup(async (config, { progress, nowMs, deadlineMs }) => {
    told.push(config, progress, nowMs, deadlineMs);
    return seen;
  });
  await t.look();
  expect(told).toEqual(["config", row.progress, 7, 1]);
});

test("K1: a look that does not end is left behind, whether it heeds its signal or not", async () => {
  for (const look of [
    () => new Promise<Seen>(() => {}),
    (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise<Seen>((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error("aborted"))),
      ),
  ])
    expect(await setup(look).look()).toEqual({ is: "silent", note: "no answer within 0.05 s" });
});

test("K2: what is seen is cleaned, and shows no secret", async () => {
  maskSecrets(["s3cret-token"]);
  try {
    const t = setup(async () => ({ is: "skip", note: "token s3cret-token\0 refused" }));
    expect(await t.look()).toEqual({ is: "skip", note: "token [secret]\uFFFD refused" });
    const echo = { you_said: ["Bearer s3cret-token"], "s3cret-token": 1 };
    const there = setup(async () => ({ is: "there", note: "", output: echo }));
    expect(await there.look()).toMatchObject({
      output: { you_said: ["Bearer [secret]"], "[secret]": 1 },
    });
    const long = `${"x".repeat(995)}s3cret-token`;
    const cut = setup(async () => ({ is: "not_yet", note: long, evidence: { long } }));
    expect(JSON.stringify(await cut.look())).not.toContain("s3cre");
  } finally {
    forgetSecrets();
  }
});

test("K3: an error is silence, a CannotAsk the end, and only a stop fails the look", async () => {
  const failing = (error: Error) => setup(() => Promise.reject(error)).look();
  expect(await failing(new Error("ECONNREFUSED"))).toEqual({ is: "silent", note: "ECONNREFUSED" });
  expect(await failing(new CannotAsk("no connection x", { evidence: { name: "x" } }))).toEqual({
    is: "over",
    class: "config",
    permanent: true,
    note: "no connection x",
    evidence: { name: "x" },
  });
  const t = setup(() => new Promise(() => {}));
  const look = t.look();
  t.stopping.abort(new Error("the runner stops"));
  await expect(look).rejects.toThrow("the runner stops");
});

test("a row of a kind that is not here ends", async () => {
  const t = setup(async () => seen);
  expect(await t.look({ kind: "sensor.gone" })).toMatchObject({
    is: "over",
    note: "sensor.gone: no such kind of sensor here",
  });
});
