// `chasqui simulate`, as people and programs call it. No server.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { invoke } from "../testing/invoke.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "chasqui-cli-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});
const put = (file: string, text: string): void => {
  mkdirSync(path.dirname(path.join(cwd, file)), { recursive: true });
  writeFileSync(path.join(cwd, file), text);
};
const simulate = (...args: string[]) => invoke(["simulate", ...args], { cwd });

const TRAIN = `id: train
params: { type: object, properties: { epochs: { type: integer, default: 1 } } }
tasks:
  train: { uses: k8s.pod, retries: { max: 2, backoff: 1m }, with: { image: "\${vars.registry}/t:1" } }
  judge: { uses: noop, needs: [train], when: tasks.train.output.score > 0.9 && params.epochs > 1 }
  list: { uses: noop, for_each: [a, b] }
`;

test("--json is the state of the run and of every task", async () => {
  put("train.yaml", TRAIN);
  const { code, out, err } = await simulate(
    ...["train.yaml", "--json", "--at", "2026-10-06T19:00:00Z", "--param", "epochs=5"],
    ...["--outcome", "train=fail:quota,succeed", "--output", 'train={"score":0.95}'],
    ...["--outcome", "list[1]=skip"],
  );
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(JSON.parse(out)).toMatchObject({
    run: { state: "succeeded", started_at: "2026-10-06T19:00:00Z" },
    tasks: {
      train: { state: "succeeded", attempts: 2, output: { score: 0.95 } },
      judge: { state: "succeeded", attempts: 1 },
      list: { state: "succeeded" },
      "list[0]": { state: "succeeded", attempts: 1 },
      "list[1]": { state: "skipped", attempts: 1 },
    },
  });
});

test("for people: a table with times and reasons, in the order in which tasks began", async () => {
  put("train.yaml", TRAIN);
  const { code, out } = await simulate(
    ...["train.yaml", "--outcome", "train=fail:quota", "--takes", "train=1h"],
  );
  expect(code).toBe(0);
  const lines = out.split("\n").map((line) => line.replace(/ +/g, " "));
  expect(lines[0]).toMatch(/^train ✗ failed after 3h 0\dm \(simulated\): task `train` failed$/);
  expect(lines[1]).toBe("TASK STATE ATTEMPTS BEGAN TOOK");
  expect(lines).toContainEqual(
    expect.stringMatching(/^train ✗ failed 3 \+0 ms 3h 0\dm quota: failed as scripted$/),
  );
  expect(lines).toContainEqual("judge ✗ upstream_failed `train` failed");
});

test("for people: upstream comes first, an on_exit task last; a task that says nothing is named", async () => {
  put(
    "x.yaml",
    `id: x
groups: { g: { for_each: [1], needs: [z-first] } }
tasks:
  z-first: { uses: noop }
  y: { uses: noop, group: g }
  b: { needs: [z-first], uses: noop, when: tasks.z_first.output.n > 1 }
  a: { on_exit: true, uses: noop }
`,
  );
  const { out } = await simulate("x.yaml");
  const lines = out.trimEnd().split("\n");
  const rows = lines.slice(2).map((line) => line.split(" ")[0]);
  expect(rows).toEqual(["z-first", "b", "y", "y[0]", "g", "a", "z-first"]);
  expect(lines.find((line) => line.startsWith("b "))).toMatch(/failed +1 +config:/);
  expect(lines.at(-1)).toBe(
    "z-first says nothing here: give it an output with --output z-first='{…}'",
  );
});

test("vars come from the environment; without one each stands for itself", async () => {
  put("x.yaml", "id: x\ntasks: { a: { uses: noop, when: \"vars.zone == 'north'\" } }\n");
  const stateOf = async (): Promise<string> =>
    JSON.parse((await simulate("x.yaml", "--json")).out).tasks.a.state;
  expect(await stateOf()).toBe("skipped");
  put("environments/local.yaml", "vars: { zone: north }\n");
  expect(await stateOf()).toBe("succeeded");
});

test("what is said of an instance that never was is named", async () => {
  put("x.yaml", "id: x\ntasks: { a: { uses: noop, for_each: [1, 2] } }\n");
  const { code, err } = await simulate(
    "x.yaml",
    "--outcome",
    "a[2]=fail",
    "--outcome",
    "a[1]=skip",
  );
  expect({ code, err }).toEqual({
    code: 0,
    err: "warning: nothing became of what is said of a[2]: no such instance\n",
  });
});

test("--at: a date and a local time are of the DAG's own zone", async () => {
  put(
    "x.yaml",
    "id: x\nschedule: { cron: \"0 19 * * *\", timezone: America/Bogota }\ntasks: { a: { uses: noop, when: run.date == '2026-10-06' } }\n",
  );
  for (const at of ["2026-10-06", "2026-10-06T23:00", "2026-10-06T23:00-05:00"])
    expect(JSON.parse((await simulate("x.yaml", "--json", "--at", at)).out).tasks.a.state).toBe(
      "succeeded",
    );
  for (const at of ["2026-02-31", "2026-02-31T00:00:00Z", "2026-10-06T25:00"])
    expect(await simulate("x.yaml", "--at", at)).toMatchObject({ code: 2 });
});

test("a kind that nobody knows is simulated like any other, with a warning", async () => {
  put("x.yaml", "id: x\ntasks: { a: { uses: my.kind, with: { n: 1 } } }\n");
  const { code, out, err } = await simulate("x.yaml", "--json", "--outcome", "a=fail");
  expect({ code, state: JSON.parse(out).tasks.a.state }).toEqual({ code: 0, state: "failed" });
  expect(err).toContain("warning: task `a` uses `my.kind`: no such task kind");
});

test.each<[string[], number, string]>([
  [["none.yaml"], 4, "none.yaml: no such file or folder"],
  [["bad.yaml"], 1, "bad.yaml:2:35: task `a` needs `b`: no such task"],
  [["."], 2, "holds 2 DAG files: want one"],
  [["good.yaml", "--outcome", "b=fail"], 2, "outcome of `b`: no such task"],
  [["good.yaml", "--outcome", "a"], 2, "want <task>=<step>"],
  [["good.yaml", "--outcome", "a=explode"], 2, "want succeed, fail, fail:<class>"],
  [["good.yaml", "--output", "a={"], 2, "want <task>=<JSON>"],
  [["good.yaml", "--takes", "a=soon"], 2, "`soon` is not a duration"],
  [["good.yaml", "--pool", "p=0"], 2, "want <pool>=<slots>"],
  [["good.yaml", "--event", "x"], 2, "want JSON"],
  [["good.yaml", "--at", "noon"], 2, "want an instant such as"],
  [["good.yaml", "--param", "n=1"], 2, "parameters n: want none, the DAG declares no params"],
])("%j ends with %i: %s", async (args, code, message) => {
  put("good.yaml", "id: good\ntasks: { a: { uses: noop } }\n");
  put("bad.yaml", "id: bad\ntasks: { a: { uses: noop, needs: [b] } }\n");
  const outcome = await simulate(...args);
  expect(outcome).toMatchObject({ code, err: expect.stringContaining(message) });
});
