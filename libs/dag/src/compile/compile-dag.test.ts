// Examples of compiled DAGs and of what authors are told about broken ones, with the exact place.
import { expect, test } from "vitest";
import { AlertOn, Catchup, Overlap, TriggerRule, builtInKindSchemas } from "@chasqui/contracts";
import { formatProblem } from "../problem.ts";
import { compileDag } from "./compile-dag.ts";
import type { CompileOptions } from "./compile-dag.ts";
import { CARRIER_COSTS } from "../testing/examples.ts";

const compile = (text: string, options?: CompileOptions) =>
  compileDag({ file: "x.yaml", text }, options);

function problemsOf(text: string, options?: CompileOptions): string[] {
  const compiled = compile(text, options);
  return (compiled.ok ? compiled.warnings : compiled.problems).map(formatProblem);
}

function specOf(text: string) {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec;
}

test("the handbook's example", () => {
  expect(specOf(CARRIER_COSTS)).toMatchObject({
    id: "carrier-daily-costs",
    owner: "logistics",
    schedule: {
      crons: ["0 19 * * *"],
      timezone: "America/Bogota",
      catchup: Catchup.LATEST,
      overlap: Overlap.QUEUE,
    },
    triggers: [
      {
        on: { condition: { case: "event", value: { subject: "logistics.routes.closed" } } },
        key: "${run.date}",
      },
    ],
    maxActiveRuns: 16,
    tasks: [
      {
        id: "aggregate",
        uses: "k8s.pod",
        needs: [],
        triggerRule: TriggerRule.ALL_SUCCESS,
        retries: { max: 3, factor: 2, backoff: { seconds: 30n }, maxBackoff: { seconds: 600n } },
        timeout: { seconds: 1800n },
        with: { env: { DAY: "${run.date}" } },
      },
      { id: "mail", needs: ["aggregate"], when: "tasks.aggregate.output.carriers > 0" },
    ],
    alerts: [{ on: [AlertOn.FAILED, AlertOn.LATE], slack: "#logistics-alerts" }],
  });
});

test("a task's fields win over the defaults one by one", () => {
  const { tasks } = specOf(`id: x
defaults: { retries: { max: 3, backoff: 10s }, timeout: 5m }
tasks:
  a: { uses: noop, retries: { max: 1 }, timeout: 1h }
  b: { uses: noop, retries: 0 }
  c: { uses: noop, retries: { backoff: 1s } }
`);
  expect(tasks).toMatchObject([
    { retries: { max: 1, backoff: { seconds: 10n } }, timeout: { seconds: 3600n } },
    { timeout: { seconds: 300n } },
    { retries: { max: 3, backoff: { seconds: 1n } } },
  ]);
  expect(tasks[1]?.retries).toBeUndefined();
});

test("presets are written out, dates are read in the zone", () => {
  const { schedule } = specOf(`id: x
schedule: { cron: "@daily", timezone: America/Bogota, start: 2026-10-06 }
tasks: { a: { uses: noop } }
`);
  expect(schedule).toMatchObject({ crons: ["0 0 * * *"], start: "2026-10-06T05:00:00Z" });
});

test("custom kinds, with and without a schema", () => {
  const kinds = Object.keys(builtInKindSchemas).sort().join(", ");
  const text = "id: x\ntasks: { a: { uses: bench.noop, with: { n: x } } }\n";
  expect(problemsOf(text)).toEqual([
    `x.yaml:2:21: task \`a\` uses \`bench.noop\`: no such task kind; known: ${kinds}`,
  ]);
  expect(problemsOf(text, { kinds: { "bench.noop": undefined } })).toEqual([]);
  const schema = { type: "object", properties: { n: { type: "integer" } } } as const;
  expect(problemsOf(text, { kinds: { "bench.noop": schema } })).toEqual([
    "x.yaml:2:44: task `a`: with: n: `x` is text: want an integer",
  ]);
});

const dag = (tasks: string): string => `id: x\ntasks:\n${tasks}`;
const top = (line: string): string => `id: x\n${line}\ntasks: { a: { uses: noop } }\n`;

test.each([
  ["", "x.yaml:1:1: the file is empty: want a DAG, which begins with `id:`"],
  ["[1]", "x.yaml:1:1: the DAG is a list: want a map"],
  ["id: [", "x.yaml:1:6: not valid YAML: flow sequence in block collection must"],
  ["id: x\n\ttasks: 1", "x.yaml:2:1: a tab in the indentation: want spaces"],
  ["id: x\n---\nid: y", "x.yaml:2:1: a second YAML document: want one DAG per file"],
  ["tasks: { a: { uses: noop } }", "x.yaml:1:1: the DAG has no `id`"],
  ["id: x", "x.yaml:1:1: the DAG has no `tasks`: want at least one"],
  ["id: x\ntasks: {}", "x.yaml:2:8: tasks is empty: want at least one task"],
  ["id: X_1\ntasks: { a: { uses: noop } }", "x.yaml:1:5: id: `X_1`: want a lower-case letter"],
  [top("id: y"), "x.yaml:2:1: key `id` is there twice in the same map"],
  [top("ownr: me"), "x.yaml:2:1: unknown field `ownr` in the DAG; did you mean `owner`?"],
  [top("owner: 5"), 'x.yaml:2:8: owner: `5` is an integer: want text; put it in quotes: "5"'],
  [top("tags: daily"), "x.yaml:2:7: tags: `daily` is text: want a list"],
  [
    top("timeout: 30"),
    "x.yaml:2:10: timeout: `30`: want a duration such as 30s, 5m, 1h30m or 2d; with a unit: 30s",
  ],
  [top("timeout: 30 min"), "x.yaml:2:10: timeout: `30 min` is not a duration"],
  [top("max_active_runs: 0"), "x.yaml:2:18: max_active_runs: `0`: want an integer in 1..10000"],
  [
    top('schedule: { cron: "0 25 * * *" }'),
    "x.yaml:2:22: cron `0 25 * * *`: hour `25`: out of range: want * or 0..23",
  ],
  [top('schedule: { cron: "0 0 30 2 *" }'), "x.yaml:2:20: cron `0 0 30 2 *` never comes due"],
  [
    top('schedule: { cron: ["@daily", "* * * *"] }'),
    "x.yaml:2:31: cron `* * * *` has 4 fields: want 5",
  ],
  [
    top('schedule: { cron: "@daily", timezone: Bogota }'),
    "x.yaml:2:39: timezone `Bogota` is not known: want an IANA zone such as America/Bogota; did you mean `America/Bogota`?",
  ],
  [
    top("schedule: { timezone: UTC }"),
    "x.yaml:2:1: schedule has no `cron`: want one, or a list of them",
  ],
  [
    top('schedule: { cron: "@daily", start: 2026-02-30 }'),
    "x.yaml:2:36: start `2026-02-30`: want a date such as",
  ],
  [
    top('schedule: { cron: "@daily", start: 2026-02-03, end: 2026-02-01 }'),
    "x.yaml:2:53: schedule end",
  ],
  [
    top("triggers: [{ event: { subject: a.b, when: event.dta.x } }]"),
    "x.yaml:2:43: when: no field `dta` in `event`; did you mean `data`?",
  ],
  [
    top("triggers: [{ event: { subject: closed } }]"),
    "x.yaml:2:32: subject: `closed`: want a source and a name such as",
  ],
  [
    top('triggers: [{ event: { subject: a.b }, key: "${run.id}" }]'),
    "x.yaml:2:47: key: no field `id` in `run`; known: dag_id, date, logical_time",
  ],
  [
    top("alerts: [{ on: [faild], slack: ops }]"),
    "x.yaml:2:17: on: `faild`: want one of failed, retrying, late, succeeded; did you mean `failed`?",
  ],
  [
    top("alerts: [{ on: [failed] }]"),
    'x.yaml:2:10: an alert has no `slack`: want a channel such as "#alerts"',
  ],
  [top("params: { properties: {} }"), "x.yaml:2:9: params: want a JSON Schema with `type: object`"],
  [
    top("params: { type: object, propertes: {} }"),
    "x.yaml:2:25: params: unknown field `propertes`; did you mean `properties`?",
  ],
  [dag("  a: 1\n"), "x.yaml:3:6: task `a` is an integer: want a map"],
  [
    dag("  a: {}\n"),
    "x.yaml:3:3: task `a` has no `uses`: want a task kind; known: approval, dag.run, k8s.pod",
  ],
  [dag("  A: { uses: noop }\n"), "x.yaml:3:3: task id `A`: want a lower-case letter"],
  [
    dag("  a-b: { uses: noop }\n  a_b: { uses: noop }\n"),
    "x.yaml:4:3: task ids `a-b` and `a_b` are the same in expressions",
  ],
  [
    dag("  a: { uses: k8s.pd }\n"),
    "x.yaml:3:14: task `a` uses `k8s.pd`: no such task kind; did you mean `k8s.pod`?",
  ],
  [
    dag("  aggregate: { uses: noop }\n  mail:\n    uses: noop\n    needs: [agregate]\n"),
    "x.yaml:6:13: task `mail` needs `agregate`: no such task; did you mean `aggregate`?",
  ],
  [
    dag("  a: { uses: noop, needs: b }\n  b: { uses: noop }\n"),
    "x.yaml:3:27: task `a`: needs `b` is text: want a list; write [b]",
  ],
  [dag("  a: { uses: noop, needs: [a] }\n"), "x.yaml:3:28: task `a` needs itself"],
  [
    dag(
      "  a: { uses: noop, needs: [b] }\n  b: { uses: noop, needs: [c] }\n  c: { uses: noop, needs: [a] }\n",
    ),
    "x.yaml:3:27: tasks need one another in a circle: `a` needs `b` needs `c` needs `a`",
  ],
  [
    dag("  a: { uses: noop }\n  b: { uses: noop, needs: [a, a] }\n"),
    "x.yaml:4:31: warning: task `b` needs `a` twice",
  ],
  [
    dag("  a: { uses: noop, retries: -1 }\n"),
    "x.yaml:3:29: task `a`: retries: `-1`: want an integer in 0..100",
  ],
  [
    dag("  a: { uses: noop, allow_failure: yes }\n"),
    "x.yaml:3:35: task `a`: allow_failure: `yes`: want true or false; write true",
  ],
  [dag("  a: { uses: noop, trigger_rule: one_sucess }\n"), "did you mean `one_success`?"],
  [
    dag("  a: { uses: noop, when: run.date = 1 }\n"),
    "x.yaml:3:35: task `a`: when: unexpected `=`; compare with ==",
  ],
  [
    dag('  a: { uses: noop, when: "${true} && ${true}" }\n'),
    "a condition is CEL by itself: leave out ${ }",
  ],
  [
    dag('  a: { uses: noop, when: "${ run.dte }" }\n'),
    "x.yaml:3:30: task `a`: when: no field `dte` in `run`",
  ],
  [
    dag("  a: { uses: noop, for_each: { zip: { a: [1, 2], b: [1, 2, 3], c: vars.l } } }\n"),
    "x.yaml:3:37: task `a`: for_each zip: lists of one length are wanted: a has 2, b has 3",
  ],
  [
    dag("  a: { uses: noop, when: tasks.a.state == 'x' }\n"),
    "x.yaml:3:26: task `a`: when: task `a` reads itself",
  ],
  [
    dag("  a: { uses: noop }\n  b: { uses: noop, when: tasks.a.output > 1 }\n"),
    "task `b` reads task `a`, which it does not wait for; add `a` to its needs",
  ],
  [dag("  a: { uses: noop, when: foo(1) }\n"), "no function `foo`"],
  [dag("  a: { uses: noop, when: len(run.date) > 1 }\n"), "no function `len`; write size"],
  [dag("  a: { uses: noop, when: run.date != None }\n"), "no name `None`; write null"],
  [dag("  a: { uses: noop, when: run.date === 'x' }\n"), "unexpected `==`; compare with =="],
  [dag("  a: { uses: noop, when: run.date <> 'x' }\n"), "compare with !="],
  [dag("  a: { uses: noop, when: not true }\n"), "write ! for not"],
  [dag('  a: { uses: noop, when: "{{ ds }}" }\n'), "CEL has no {{ }}"],
  [dag("  a: { uses: noop, when: tasks.in.state == 'x' }\n"), "stands in brackets: ['in']"],
  [dag("  a: { uses: noop, when: params.day == '' }\n"), "no field `day` in `params`"],
  [
    dag('  a: { uses: k8s.pod, with: { image: "${vars.x", args: [1] } }\n'),
    "x.yaml:3:39: task `a`: with: image: `${` without its closing `}`; write $${ for a literal ${",
  ],
  [
    dag('  a: { uses: k8s.pod, with: { image: "a ${vrs.x}" } }\n'),
    "x.yaml:3:43: task `a`: with: image: no name `vrs`; did you mean `vars`?",
  ],
  [
    dag("  a: { uses: k8s.pod, with: { image: 1.4 } }\n"),
    'x.yaml:3:38: task `a`: with: image: `1.4` is a number: want text; put it in quotes: "1.4"',
  ],
  [
    dag("  a: { uses: k8s.pod, with: { imge: x } }\n"),
    "unknown field `imge`; did you mean `image`?",
  ],
  [
    dag("  a: { uses: k8s.pod }\n"),
    "x.yaml:3:3: task `a`: with: field `image` (The container image, with its tag or digest) is missing",
  ],
  [
    dag("  a: { uses: sensor.http, with: { url: ftp://x, expect: { body: respnse.status } } }\n"),
    "did you mean `response`?",
  ],
  [
    dag("  a: { uses: sensor.http, with: { url: ftp://x } }\n"),
    "`ftp://x`: want an address such as https://host/path",
  ],
  [
    dag("  a: { uses: report.email, with: { data: { query: select a, b from c } } }\n"),
    "`b from c` is a field without a value: inside { } a text with commas needs quotes around it",
  ],
])("%s → %s", (text, expected) => {
  expect(problemsOf(text)).toContainEqual(expect.stringContaining(expected));
});

test("every problem is reported at once, in reading order", () => {
  const lines = problemsOf("id: X\nownr: a\ntasks:\n  a: { uses: nop, needs: [b] }\n");
  expect(lines.map((line) => line.split(": ")[0])).toEqual([
    "x.yaml:1:5",
    "x.yaml:2:1",
    "x.yaml:4:14",
    "x.yaml:4:27",
  ]);
});

test("a problem in a block of text stands at its own line", () => {
  const text = dag("  a:\n    uses: noop\n    when: |\n      true &&\n        nope\n");
  expect(problemsOf(text)).toEqual([
    expect.stringContaining("x.yaml:7:9: task `a`: when: no name `nope`"),
  ]);
});

test("aliases are followed, and cannot grow without end", () => {
  const { tasks } = specOf("id: x\ntasks:\n  a: &pod { uses: noop, timeout: 1m }\n  b: *pod\n");
  expect(tasks.map(({ timeout }) => timeout?.seconds)).toEqual([60n, 60n]);
  const laughs = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 10; i++) {
    const [name, before] = ["abcdefghij"[i], "abcdefghij"[i - 1]];
    laughs.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(", ")}]`);
  }
  expect(problemsOf(laughs.join("\n"))).toContainEqual(expect.stringContaining("more than 200000"));
  expect(problemsOf("a: &a [*a]")).toContainEqual(expect.stringContaining("levels deep"));
});

test("<< takes in the fields of other maps; a field of its own counts for more, then the first", () => {
  const { tasks } = specOf(
    dag(
      "  a: &a { uses: noop, priority: 1, timeout: 1m }\n" +
        "  b: { <<: *a, priority: 2 }\n" +
        "  c: { <<: [*a, { priority: 3, max_active: 4 }] }\n",
    ),
  );
  expect(
    tasks.map(({ priority, timeout, maxActive }) => [priority, timeout?.seconds, maxActive]),
  ).toEqual([
    [1, 60n, 0],
    [2, 60n, 0],
    [1, 60n, 4],
  ]);
  const wrong = problemsOf(
    dag("  a: &a { uses: noop, needs: [z] }\n  b: { <<: *a }\n  c: { <<: 3 }\n"),
  );
  expect(wrong).toContainEqual(expect.stringContaining("x.yaml:3:31: task `b` needs `z`"));
  expect(wrong).toContainEqual(expect.stringContaining("x.yaml:5:8: `<<` takes in the fields of"));
});

test("a condition may be one ${…}, and YAML's own true or false", () => {
  const rules = "retries: { max: 1, rules: [{ when: true, then: fail }] }";
  const { tasks, groups } = specOf(
    `id: x\ngroups: { g: { for_each: [1], when: false } }\ntasks:\n  a: { uses: noop, when: false, ${rules} }\n  b: { uses: noop, group: g, when: true }\n`,
  );
  expect(tasks.map(({ when }) => when)).toEqual(["false", "true"]);
  expect(groups[0]?.when).toBe("false");
  expect(tasks[0]?.retries?.rules[0]?.when).toBe("true");
  const whole = specOf(dag('  a: { uses: noop, for_each: [1], when: "${ item > 1 }" }\n'));
  expect(whole.tasks[0]?.when).toBe("item > 1");
});

// The bound is the test's own time-out: a check that is quadratic in the tasks takes minutes here.
test("5,000 tasks in a chain, each reading the one before", () => {
  const lines = Array.from({ length: 5_000 }, (_, i) =>
    i === 0
      ? "  t0: { uses: noop }"
      : `  t${i}: { uses: noop, needs: [t${i - 1}], when: tasks.t${i - 1}.state == 'succeeded' }`,
  );
  expect(specOf(`id: x\ntasks:\n${lines.join("\n")}\n`).tasks).toHaveLength(5_000);
});
