// Bad input gets a clear error and loses nothing: DAG files that cannot be, at their place and by the server too;
// runs that meet a missing template, a query that fails, a mail server that is away.
import { expect, test } from "vitest";
import { RpcError } from "../../libs/chassis/src/index.ts";
import { FailureClass, RunState, TaskState } from "../../libs/contracts/src/index.ts";
import type { Task } from "../../libs/contracts/src/index.ts";
import { compileDag, formatProblem } from "../../libs/dag/src/index.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { mailFault, mailWell, mailSummariesOf } from "./support/outside.ts";
import { useWorld } from "./support/world.ts";

const world = useWorld({
  dags: ["carrier-daily-costs.yaml"],
  services: ["state-machine", "scheduler", "report-mailer", "k8s-runner", "console"],
});

const lines = (...all: string[]): string => `${all.join("\n")}\n`;
const CYCLE = lines(
  "id: cycle",
  "tasks:",
  "  a: { needs: [c], uses: noop }",
  "  b: { needs: [a], uses: noop }",
  "  c: { needs: [b], uses: noop }",
);
const UNKNOWN_KIND = lines(
  "id: unknown-kind",
  "tasks:",
  "  a:",
  "    uses: k8s.pot",
  "    with: {}",
);
const BAD_CRON = lines(
  "id: bad-cron",
  'schedule: { cron: "0 25 * * *", timezone: America/Bogota }',
  "tasks: { a: { uses: noop } }",
);

test.each([
  ["a cycle", CYCLE, /^dags\/x\.yaml:3:\d+: .*a.*c.*b/],
  ["an unknown kind", UNKNOWN_KIND, /^dags\/x\.yaml:4:11: .*k8s\.pot.*did you mean `k8s\.pod`/],
  ["a bad cron", BAD_CRON, /^dags\/x\.yaml:2:\d+: .*25/],
])("a DAG file with %s is refused at its place", (_what, text, message) => {
  const compiled = compileDag({ file: "dags/x.yaml", text });
  if (compiled.ok) throw new Error("it compiled");
  expect(compiled.problems.map(formatProblem).join("\n")).toMatch(message);
});

/** A good spec, bent past the compiler. */
function good() {
  const text = lines(
    "id: bent",
    'schedule: { cron: "0 19 * * *", timezone: UTC }',
    "tasks:",
    "  a: { uses: noop }",
    "  b: { needs: [a], uses: noop }",
  );
  const compiled = compileDag({ file: "bent.yaml", text });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec;
}
type Spec = ReturnType<typeof good>;

test.each<[string, (spec: Spec) => void, RegExp]>([
  ["a cycle", ({ tasks: [a] }) => void a?.needs.push("b"), /bent: .*`a` needs `b` needs `a`/],
  ["an unknown kind", ({ tasks: [a] }) => void (a && (a.uses = "no.such")), /bent: .*no\.such/],
  [
    "a bad cron",
    ({ schedule }) => void schedule?.crons.push("0 25 * * *"),
    /bent: .*0 25 \* \* \*/,
  ],
])("the server refuses %s too, and keeps what it had", async (_what, bend, message) => {
  const { dags } = world().clients;
  const spec = good();
  bend(spec);
  const refused = await dags.applyDags({ dags: [spec], note: "bent" }).catch((e: unknown) => e);
  expect(refused).toBeInstanceOf(RpcError);
  expect(String(refused)).toMatch(message);
  const known = (await dags.listDags({})).dags.map(({ dagId }) => dagId);
  expect(known).toEqual(["carrier-daily-costs"]);
});

test("the server asks its policies again: a secret in plain sight is denied, with the rule and its place", async () => {
  const { dags } = world().clients;
  const compiled = compileDag({
    file: "leaky.yaml",
    text: lines(
      "id: leaky",
      "tasks:",
      "  a:",
      "    uses: k8s.pod",
      "    timeout: 5m",
      "    with:",
      '      image: "${vars.registry}/leaky:latest"',
      "      env: { API_TOKEN: sesame }",
    ),
  });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  const { findings } = await dags.checkDags({ dags: [compiled.spec] });
  expect(findings.map(({ policy, denied, path }) => [policy?.policyId, denied, path])).toEqual([
    ["owner-named", false, ["owner"]],
    ["images-pinned", false, ["tasks", "a", "with", "image"]],
    ["secrets-by-reference", true, ["tasks", "a", "with", "env"]],
  ]);
  const refused = await dags.applyDags({ dags: [compiled.spec] }).catch((e: unknown) => e);
  expect(refused).toBeInstanceOf(RpcError);
  expect(String(refused)).toMatch(
    /leaky: task `a`: .* at tasks\.a\.with\.env \(policy secrets-by-reference, policies\/secrets\.yaml:\d+:\d+: task\.with\.env\.all/,
  );
  const known = (await dags.listDags({})).dags.map(({ dagId }) => dagId);
  expect(known).toEqual(["carrier-daily-costs"]);
});

/** A report whose parts a test spoils. */
function report(id: string, parts: { template?: string; query?: string }): string {
  const { template = "daily-costs", query = "select carrier_id, cost_cents from delivery" } = parts;
  return lines(
    `id: ${id}`,
    "tasks:",
    "  mail:",
    "    uses: report.email",
    "    retries: { max: 1, backoff: 1s }",
    "    with:",
    `      report: ${id}`,
    '      period: "${run.key}"',
    "      connection: warehouse",
    "      recipients:",
    "        query: select carrier_id, name, email, locale, active from carrier",
    "        key: carrier_id",
    `      data: { query: "${query}" }`,
    `      template: ${template}`,
  );
}

async function failedMail(id: string, text: string): Promise<Task> {
  const { apply, startRun, settled } = world();
  await apply(`${id}.yaml`, text);
  const { runId } = await startRun(id, { key: "2026-11-20" });
  const run = await settled(runId);
  expect(run.state).toBe(RunState.FAILED);
  expect(await mailSummariesOf(world().world, runId)).toEqual([]);
  const [task] = run.tasks;
  if (task === undefined) throw new Error(`run ${runId} has no task`);
  expect(task.state).toBe(TaskState.FAILED);
  return task;
}

test("a day of the main job fills the warehouse", async () => {
  const { startRun, settled } = world();
  const logicalMs = Date.parse("2026-11-20T17:00:00Z");
  const { runId } = await startRun("carrier-daily-costs", { key: "2026-11-20", logicalMs });
  expect((await settled(runId)).state).toBe(RunState.SUCCEEDED);
});

test("a template that is not there: class config, not tried again, and those that are there", async () => {
  const { failure, attempt } = await failedMail(
    "lost",
    report("lost", { template: "dayly-costs" }),
  );
  expect([failure?.class, attempt]).toEqual([FailureClass.CONFIG, 1]);
  expect(failure?.message).toContain("dayly-costs");
  expect(failure?.message).toContain("daily-costs");
});

test("a query that fails: class config with PostgreSQL's own words", async () => {
  const query = "select carrier_id, price from delivery";
  const { failure } = await failedMail("wrong-query", report("wrong-query", { query }));
  expect(failure?.class).toBe(FailureClass.CONFIG);
  expect(failure?.message).toContain('column "price" does not exist');
  expect(JSON.stringify(failure?.evidence)).toContain("42703");
});

test("a mail server that is away: tried again, then class upstream with evidence; later nothing is lost", async () => {
  const { clients, startRun, settled } = world();
  const query = "select carrier_id, delivery_id, route, city, parcels, cost_cents from delivery";
  await mailFault(world().world, { mode: "down" });
  const { failure, attempt } = await failedMail("away", report("away", { query }));
  expect([failure?.class, attempt]).toEqual([FailureClass.UPSTREAM, 2]);
  expect(failure?.message).toContain(`ECONNREFUSED 127.0.0.1:${world().world.sandbox.smtpPort}`);
  expect(failure?.evidence).toMatchObject({ command: "CONN", body_begun: false });
  await mailWell(world().world);
  const { runId } = await startRun("away", { key: "2026-11-21" });
  expect((await settled(runId)).state).toBe(RunState.SUCCEEDED);
  expect(await mailSummariesOf(world().world, runId)).toHaveLength(10);
  const { deliveries } = await clients.reports.listDeliveries({ report: "away" });
  expect(deliveries.filter(({ period }) => period === "2026-11-21")).toHaveLength(12);
});

test("nothing is left", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
