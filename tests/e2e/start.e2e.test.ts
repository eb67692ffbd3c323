// `npm start` as people use it: the first time, again, with a port that is taken, with a DAG file being written, and
// ended with Ctrl-C. The child is the command itself; it is looked at from outside.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRun, type Run } from "../support/fake-clone.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/index.ts";
import { getJson } from "./support/http.ts";
import { processesWith } from "./support/processes.ts";
import { replayOfData, replayTest } from "./support/replay.ts";
import { until } from "./support/until.ts";
import { halfADayOff, root } from "./support/world.ts";

const ANY_PORTS = {
  CHASQUI_CONSOLE_PORT: "0",
  CHASQUI_CONSOLE_GRPC_PORT: "0",
  CHASQUI_MAIL_PORT: "0",
  CHASQUI_SLACK_PORT: "0",
  CHASQUI_TRACES_PORT: "0",
};
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder("start");
});
afterAll(() => folder[Symbol.asyncDispose]());

const running = new Set<Run>();
afterAll(async () => {
  for (const run of running) {
    run.process.kill("SIGTERM");
    await run.end;
  }
});

/** `npm start -- …` with data of its own below the file's folder. */
function start(data: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const dataDir = path.join(folder.path, data);
  const command = ["scripts/run.mjs", "scripts/start.ts", "--data", dataDir, ...args];
  const run = startRun(process.execPath, command, {
    cwd: root,
    env: { ...process.env, ...ANY_PORTS, ...env, CHASQUI_START_MARK: dataDir },
  });
  running.add(run);
  void run.end.then(() => running.delete(run));
  return { ...run, dataDir };
}

const nobodyLeft = (dataDir: string): Promise<unknown> =>
  until(`every process of ${dataDir} to be gone`, async () => {
    const left = processesWith(dataDir);
    if (left.length > 0) throw new Error(left.join("\n"));
    return true;
  });

describe("the same data, start after start", () => {
  let dagsDir = "";
  beforeAll(async () => {
    dagsDir = path.join(folder.path, "dags");
    await mkdir(dagsDir);
    for (const file of ["carrier-daily-costs.yaml", "example-failing.yaml", "hello.yaml"])
      await save(file, halfADayOff(await readFile(path.join(root, "dags", file), "utf8")));
  });
  /** In one step: whoever watches sees no half of it, however slow the machine is. */
  async function save(file: string, text: string): Promise<void> {
    const made = path.join(dagsDir, `${file}.new`);
    await writeFile(made, text);
    await rename(made, path.join(dagsDir, file));
  }

  test("the first: the main job's ten mails, the two without, the failure in Slack; exit 0", async () => {
    const run = start("data", ["--exit", "--dags", dagsDir]);
    const { code, output } = await run.end;
    expect(code, output).toBe(0);
    expect(output).toContain("10 mails sent: antioquia-moto, ");
    expect(output).toMatch(/amazonas-rios got none: no routes in \d{4}-\d{2}-\d{2}/);
    expect(output).toMatch(/guajira-sol got none: no routes in \d{4}-\d{2}-\d{2}/);
    expect(output).toMatch(/Slack was told: .*example-failing/);
    await nobodyLeft(run.dataDir);
  });

  test("the second finds the earlier run; it applies what is saved; Ctrl-C ends it all", async () => {
    const run = start("data", ["--dags", dagsDir]);
    await run.line(/carrier-daily-costs for .* ran before/);
    await run.line(/^Ctrl-C ends everything/);
    const mailUrl = /http\S+/.exec(await run.line(/^Mails /))?.[0] ?? "";
    const { mails } = await getJson<{ mails: unknown[] }>(`${mailUrl}/api/mails`);
    expect(mails).toHaveLength(10);

    const good = await readFile(path.join(dagsDir, "hello.yaml"), "utf8");
    await save("hello.yaml", good.replace("uses: k8s.pod", "uses: k8s.pot"));
    expect(await run.line(/hello\.yaml:\d+:\d+/)).toMatch(/hello\.yaml:9:11: .*k8s\.pot/);
    await save("hello.yaml", good.replace("timeout: 5m", "timeout: 7m"));
    await run.line(/^hello .*version 1 → 2/);
    await run.line(/timeout 5m → 7m/);

    await expectPortTaken(/http\S+:(\d+)/.exec(await run.line(/^Console /))?.[1] ?? "");
    run.process.kill("SIGINT");
    const { code, output } = await run.end;
    expect(code, output).toBe(0);
    await nobodyLeft(run.dataDir);
  });
});

async function expectPortTaken(port: string): Promise<void> {
  const run = start("other", ["--exit"], { CHASQUI_CONSOLE_PORT: port });
  const { code, output } = await run.end;
  expect(code).toBe(1);
  expect(output).toContain(`port ${port}`);
  expect(output).toContain("is taken by another program");
  expect(output).toContain("CHASQUI_CONSOLE_PORT");
  await nobodyLeft(run.dataDir);
}

test.each([/starting NATS/, /starting the services/, /running carrier-daily-costs/])(
  "Ctrl-C at “%s” leaves no process",
  async (moment) => {
    const run = start("interrupted", []);
    await run.line(moment);
    expect(processesWith(run.dataDir).length).toBeGreaterThan(0);
    run.process.kill("SIGINT");
    await run.end;
    await nobodyLeft(run.dataDir);
  },
);

replayTest(() => replayOfData(path.join(folder.path, "data")));
