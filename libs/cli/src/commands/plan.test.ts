// `chasqui plan`: rendered values and the next ticks. No server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
const put = (text: string): void => writeFileSync(path.join(cwd, "x.yaml"), text);
const plan = (...args: string[]) => invoke(["plan", "x.yaml", ...args], { cwd });

const COSTS = `id: costs
schedule: { cron: "0 19 * * *", timezone: America/Bogota }
params: { type: object, properties: { n: { type: integer, default: 2 } } }
tasks:
  mail:
    needs: [load]
    when: tasks.load.output.rows > 0
    uses: k8s.pod
    with: { image: "m:\${params.n + 1}", args: ["\${tasks.load.output.rows}", "day \${run.date}"] }
  load: { uses: k8s.pod, when: params.n > 5, with: { image: "\${vars.registry}/l:1", env: { DAY: "\${run.date}" } } }
`;

test("values are rendered as far as they are known, ticks are in words and local time", async () => {
  put(COSTS);
  const { code, out, err } = await plan("--at", "2026-10-06T12:00:00Z", "--ticks", "1");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("October 2026, 19:00 -05:00");
  expect(out.slice(out.indexOf("load  k8s.pod")).split("\n")).toEqual([
    "load  k8s.pod",
    "  when: params.n > 5 (false: skipped)",
    "  env:",
    "    DAY: 2026-10-06",
    "  image: vars.registry/l:1",
    "",
    "mail  k8s.pod after load",
    "  when: tasks.load.output.rows > 0",
    "  args:",
    "    - ${tasks.load.output.rows}",
    "    - day 2026-10-06",
    "  image: m:3",
    "",
  ]);
});

test("--json", async () => {
  put(COSTS);
  const { out } = await plan("--at", "2026-10-06T12:00:00Z", "--param", "n=9", "--json");
  const planned = JSON.parse(out);
  expect(planned.tasks[0]).toMatchObject({ id: "load", runs: true, errors: [] });
  expect(planned.tasks[1].with.image).toBe("m:10");
  expect(planned.ticks).toHaveLength(5);
  expect(planned.ticks[0]).toMatchObject({ at: "2026-10-07T00:00:00Z" });
});

test("what cannot be rendered is said, and is exit code 1", async () => {
  put(
    'id: x\nparams: { type: object, properties: { day: { type: string } } }\ntasks: { a: { uses: k8s.pod, with: { image: "i:${params.day}" } } }\n',
  );
  const { code, out } = await plan();
  expect(code).toBe(1);
  expect(out).toContain("x: the clock starts no runs of this DAG");
  expect(out).toContain("✗ with: image: expression `params.day`: no field `day` in `params`");
  expect((await plan("--param", "day=mon")).code).toBe(0);
});

test("wrong options", async () => {
  put("id: x\ntasks: { a: { uses: noop } }\n");
  expect(await plan("--event", "x")).toMatchObject({ code: 2 });
  expect(await plan("--at", "noon")).toMatchObject({ code: 2 });
  expect(await plan("--param", "n=1")).toMatchObject({ code: 2 });
});
