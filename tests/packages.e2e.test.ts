// Another repository uses us: docs/other-repositories.md in an empty folder, with our packages as npm installs them,
// against a running installation.
import { once } from "node:events";
import { globSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunCauseKind, RunState, type Run } from "../libs/contracts/src/index.ts";
import { blocksOf, commandsOf, readPage, type Block } from "./docs/support/pages.ts";
import { firstMissing } from "./docs/support/shown.ts";
import { replayOfWorld, replayTest } from "./e2e/support/replay.ts";
import { until } from "./e2e/support/until.ts";
import { root, useWorld } from "./e2e/support/world.ts";
import { openOutside, type Outside } from "./packages/outside.ts";

const RUNNER = "billing-runner";
const world = useWorld({
  services: ["state-machine", "scheduler", "console"],
  environment: (text) => text.replace("runners: {", `runners: { ${RUNNER}: [billing.invoice],`),
});
const blocks = blocksOf(readPage("docs/other-repositories.md"));
const isFile = ({ info }: Block): boolean => info.startsWith("file=");

let outside: Outside;
beforeAll(async () => {
  outside = await openOutside(root, blocks.filter(isFile));
});
afterAll(() => outside?.[Symbol.asyncDispose]());

test("what is installed is JavaScript with types: no source of ours, no test", () => {
  const files = globSync("node_modules/{chasqui,@chasqui/*}/**/*", { cwd: outside.folder });
  expect(files.filter((file) => file.endsWith(".d.ts")).length).toBeGreaterThan(50);
  expect(files.filter((file) => /(?<!\.d)\.ts$|\.test\.|\/testing\//.test(file))).toEqual([]);
});

test("types cross the edge: a wrong `needs` and a wrong configuration do not type-check", async () => {
  outside.write(
    "dags/wrong.ts",
    `import { defineDag } from "@chasqui/dag";
export const dag = defineDag({ id: "w", tasks: { a: { uses: "noop" }, b: { needs: ["aa"], uses: "noop" } } });
`,
  );
  outside.write(
    "src/wrong.ts",
    `import { integer, kindConfig } from "@chasqui/runner";
export const week: string = kindConfig({ week: integer({ min: 1, max: 53 }) }).parseConfig({}).week;
`,
  );
  const { code, out } = await outside.type("npx tsc");
  await outside.type("rm dags/wrong.ts src/wrong.ts");
  expect(out).toMatch(/dags\/wrong\.ts\(2,.*"aa"/);
  expect(out).toMatch(/src\/wrong\.ts\(2,.*number/);
  expect(out.split("\n").filter((line) => line.includes("error TS"))).toHaveLength(2);
  expect(code).not.toBe(0);
});

test("docs/other-repositories.md: every command does what the page says", async () => {
  let printed = "";
  for (const block of blocks.filter((block) => !isFile(block))) {
    const at = `line ${block.line}`;
    if (block.language === "text")
      expect(firstMissing(block.text, printed), `${at}: this was:\n${printed}`).toBe(undefined);
    else printed = await follow(block, at);
  }
  const { runs } = await world().clients.runs.listRuns({ dagId: "weekly-invoices" });
  expect(runs).toMatchObject([
    { key: "2026-W48", state: RunState.SUCCEEDED, cause: { kind: RunCauseKind.TRIGGER } },
  ]);
});

async function follow(block: Block, at: string): Promise<string> {
  let printed = "";
  for (const command of commandsOf(`\`\`\`sh\n${block.text}\n\`\`\``)) {
    if (block.info === "background") {
      await startRunner(command);
      continue;
    }
    const { code, out } = await outside.type(command, publisher());
    expect(code, `${at}: ${command}\n${out}`).toBe(0);
    printed += `${out}\n`;
    if (command.includes("publish")) await theRunSettles();
  }
  return printed;
}

function publisher(): Record<string, string> {
  const { nats, credentials, serverUrl } = world().world;
  const password = credentials.of("source-logistics");
  return { NATS_URL: nats.url, NATS_PASSWORD: password, CHASQUI_SERVER: serverUrl };
}

let runner: Awaited<ReturnType<Outside["startUntil"]>>;
async function startRunner(command: string): Promise<void> {
  const { nats, credentials, addresses } = world().world;
  runner = await outside.startUntil('"message":"ready"', command, {
    CHASQUI_NATS_URL: nats.url,
    CHASQUI_NATS_PASSWORD: credentials.of(RUNNER),
    CHASQUI_STATE_MACHINE: `127.0.0.1:${addresses.grpcPorts.console}`,
  });
}

const theRunSettles = (key = "2026-W48"): Promise<Run> =>
  until(`the run ${key} to settle`, async () => {
    const { runs } = await world().clients.runs.listRuns({ dagId: "weekly-invoices" });
    const run = runs.find((run) => run.key === key);
    return run !== undefined && world().settled(run.runId);
  });

test("what the runner refuses fails with its words", async () => {
  const publish = blocks.find(({ info }) => info === "file=src/publish.ts")?.text ?? "";
  outside.write("src/publish-wrong.ts", publish.replaceAll("2026-W48", "2026-48"));
  await outside.type("node src/publish-wrong.ts", publisher());
  const { state, tasks } = await theRunSettles("2026-48");
  expect(state).toBe(RunState.FAILED);
  const invoice = tasks.find(({ taskId }) => taskId === "invoice");
  expect(invoice?.failure?.message).toContain('`week` is "2026-48": want a text like');
});

test("SIGTERM: the runner stops in order", async () => {
  const ended = once(runner, "exit");
  runner.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

replayTest(() => replayOfWorld(world()));
