// The ledgers, `chasqui triggers` and `chasqui ticks`, against a server on loopback, its answers made up.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { TickOutcome } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { createProgram } from "../program.ts";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";
import { outcomes } from "./triggers.ts";

const RUN = "run-0123456789abcdefghjkmnpqrs";
const receivedTime = timestampFromMs(Date.parse("2026-11-22T23:40:00Z"));
const one = {
  source: "logistics",
  id: "routes-7",
  subject: "logistics.routes.closed",
  receivedTime,
};
const triggers = [
  { ...one, dagId: "costs", outcome: "started", runId: RUN },
  { ...one, dagId: "mexico", outcome: "filtered", reason: "when is false" },
  { ...one, dagId: "rare", outcome: "rate-limited", reason: "5 runs in 3600 s are the most" },
];

test("one trigger: what each DAG made of it, in words", async () => {
  await using server = await startFakeServer({ triggers });
  const args = ["triggers", "--source", "logistics", "--id", "routes-7"];
  const { code, out } = await invoke(args, { server: server.url, env: { TZ: "UTC" } });
  expect(code).toBe(0);
  expect(out).toMatch(/^logistics routes-7: logistics.routes.closed, received 2026-11-2\d/);
  expect(out).toContain("  costs: started: its run exists\n");
  expect(out).toContain(`    ${RUN}  ${server.url}/runs/${RUN}\n`);
  expect(out).toContain("  mexico: filtered: no run: the DAG's trigger does not want it\n");
  expect(out).toContain("    when is false\n");
  expect(out).toContain("  rare: rate-limited: no run: the DAG's trigger allows only so many");
  expect(server.calls).toMatchObject([
    { name: "listTriggers", request: { source: "logistics", id: "routes-7", pageSize: 50 } },
  ]);
});

test("many triggers: a table, and the question that was asked", async () => {
  await using server = await startFakeServer({ triggers });
  const args = ["triggers", "--dag", "costs", "--outcome", "filtered", "--limit", "7"];
  const { code, out } = await invoke(args, { server: server.url });
  expect(code).toBe(0);
  expect(out).toMatch(/^RECEIVED +SOURCE +ID +DAG +OUTCOME +RUN +WHY\n/);
  expect(out).toMatch(/logistics +routes-7 +mexico +filtered +when is false\n/);
  expect(server.calls).toMatchObject([
    { request: { dagId: "costs", outcome: "filtered", pageSize: 7 } },
  ]);
});

test("one that nobody knows: exit 4, and where to look", async () => {
  await using server = await startFakeServer();
  const args = ["triggers", "--source", "logistics", "--id", "x"];
  const { code, out, err } = await invoke(args, { server: server.url });
  expect({ code, out }).toEqual({ code: 4, out: "" });
  expect(err).toContain("no trigger logistics x");
  expect(err).toContain("it was never stored");
  expect(err).toContain("source-logistics");
  expect(await invoke(["triggers"], { server: server.url })).toMatchObject({
    code: 0,
    err: expect.stringContaining("no triggers"),
  });
});

test("--json", async () => {
  await using server = await startFakeServer({ triggers });
  const { out } = await invoke(["triggers", "--json"], { server: server.url });
  expect(JSON.parse(out).triggers[0]).toEqual({
    source: "logistics",
    id: "routes-7",
    subject: "logistics.routes.closed",
    received_time: "2026-11-22T23:40:00Z",
    dag_id: "costs",
    outcome: "started",
    meaning: "its run exists",
    run_id: RUN,
    reason: "",
  });
});

test("every outcome has its meaning, and --outcome knows them all", async () => {
  const nothing = (): void => undefined;
  const program = createProgram({
    cliFor: () => {
      throw new Error("nothing is run here");
    },
    version: "0",
    out: nothing,
    err: nothing,
    done: nothing,
  });
  const command = program.commands.find((known) => known.name() === "triggers");
  const option = command?.options.find(({ long }) => long === "--outcome");
  expect(option?.argChoices).toEqual(outcomes);
});

test("ticks of a renamed DAG say which name each had", async () => {
  const tick = { outcome: TickOutcome.FIRED, dueTime: timestampFromMs(0) };
  await using server = await startFakeServer({
    dags: [{ dagId: "new", version: 1 }],
    ticks: [
      { ...tick, dagId: "new" },
      { ...tick, dagId: "old" },
    ],
  });
  const { out } = await invoke(["ticks", "new"], { server: server.url });
  expect(out).toMatch(/DUE +OUTCOME +RUN +WHY +DAG\n.*fired +new\n.*fired +old\n/);
});
