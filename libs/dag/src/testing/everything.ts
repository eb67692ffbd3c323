// DAGs that use every word of the language and of every built-in kind: what is fuzzed. A test holds them against the
// editors' schema, so that a new word cannot be left out.

const ALL_RULES = [
  ...["all_success", "all_failed", "all_done", "all_done_min_one_success", "all_skipped"],
  ...["one_success", "one_failed", "one_done", "none_failed", "none_failed_min_one_success"],
  ...["none_skipped", "always"],
];

/** The language. */
const LANGUAGE = `id: everything
owner: platform
description: All of it.
tags: [daily, "ü", costs]
was: [something]
schedule:
  cron: ["0 19 * * *", "@hourly"]
  timezone: America/Bogota
  start: 2026-01-01
  end: 2030-01-01T06:30
  exclude: ["12-25 Christmas", 2026-12-24..2027-01-06]
  gap: skip
  fold: both
  jitter: 10m
  runs_for: interval
  key: "\${run.date}"
  catchup: all
  catchup_window: 30d
  overlap: cancel_other
triggers:
  - event: { subject: logistics.routes.closed, when: "event.data.country == 'CO'" }
    key: "\${event.id}"
    params: { day: "\${event.data.day}" }
    batch: { window: 10m, quiet: 90s, max: 100 }
  - { dag: { id: load, state: [succeeded, failed, cancelled], when: "event.data.key != ''" }, rate: { max: 5, per: 1h } }
  - { all: [{ asset: orders && (routes || depots) }, { any: [{ dag: a }, { dag: b }] }], within: 6h }
params:
  type: object
  properties: { day: { type: string, default: "2026-01-01" }, n: { type: integer, default: 3 } }
defaults:
  retries: { max: 3, backoff: 30s, factor: 2, max_backoff: 10m, on: [evicted, lost, quota, infra] }
  timeout: 30m
  total_timeout: 6h
  start_timeout: 10m
  pool: { name: warehouse, slots: 2 }
  priority: -5
max_active_runs: 4
max_active_tasks: 100
auto_pause_after: 3
timeout: 12h
alerts: [{ on: [failed, retrying, late, succeeded], slack: "#logistics" }]
groups:
  outer: { description: A frame., needs: [start], when: run.is_latest }
  region:
    group: outer
    for_each: { in: "tasks.start.output.regions", parallel: 10, label: "\${item}", max: 500 }
    trigger_rule: none_failed
    defaults: { retries: 1, pool: gpu }
tasks:
  start: { uses: noop, setup: true, description: Begins. }
  load-all:
    group: region
    uses: noop
    retries:
      max: 5
      rules:
        - { when: failure.exit_code == 99 && attempt < 3, then: skip }
        - { when: "failure.class == 'quota'", then: retry, backoff: 1m }
        - { when: "failure.message.contains('x')", then: fail }
        - { when: "failure.evidence.n > 1 || failure.class in ['code','out_of_memory','image','config','timeout','upstream','rejected','unknown']", then: fail }
  check: { group: region, needs: [load-all], uses: noop, when: "tasks.load_all.output.n + index > 0" }
  zipped: { for_each: { zip: { a: [1, 2], b: "\${params.n > 1 ? [3, 4] : []}" } }, uses: noop }
  crossed: { for_each: { product: { a: [x, y], b: [true, null] } }, uses: noop, max_active: 3 }
  keyed: { needs: [start], uses: noop, concurrency: { key: "\${run.key}", max: 2 }, depends_on_past: true, allow_failure: true, produces: [routes], was: [copied] }
  joined: { needs: [zipped, keyed], uses: noop, trigger_rule: one_success }
  down: { needs: [outer], uses: noop, teardown: [start] }
  tell: { on_exit: true, uses: noop, when: "run.state == 'failed' && run.failed_tasks.exists(t, t == 'start')" }
`;

/** The other words of trigger rules. */
const RULES = `id: rules
tasks:
  a: { uses: noop }
${ALL_RULES.map((rule, n) => `  r-${n}: { needs: [a], uses: noop, trigger_rule: ${rule} }`).join("\n")}
`;

/** The other words of schedules: each alone, for they exclude one another. */
const schedules = [
  "{ every: 15m, anchor: 2026-01-01T06:30, gap: shift, fold: first, overlap: skip, catchup: none, runs_for: tick }",
  "{ dates: [2026-12-24, 2026-10-06T19:00], fold: last, overlap: allow, catchup: latest }",
  '{ cron: "@continuous", overlap: queue }',
  '{ cron: "0 6 * * *", exclude: [{ file: holidays.txt }] }',
].map((schedule, n) => `id: timed-${n}\nschedule: ${schedule}\ntasks: { a: { uses: noop } }\n`);

/** Every kind with every field of its configuration. */
const TASKS = `  pod:
    uses: k8s.pod
    with:
      { image: "a:1", command: [sh, -c], args: ["\${run.date}"], env: { A: "\${params}" }, secrets: { P: db/password }, resources: { cpu: 500m, memory: 1Gi }, labels: { a: b }, service_account: robot, node_selector: { disk: ssd }, active_deadline: 2h, skip_on_exit_code: [99] }
  job:
    uses: vertex.custom-job
    with:
      { display_name: t, image: "a:1", command: [t], args: [x], env: { A: b }, machine_type: n1-standard-4, accelerator: { type: T4, count: 2 }, replicas: 2, labels: { a: b }, service_account: s@x, region: us-central1, connection: vertex }
  mail:
    uses: report.email
    with:
      { report: costs, period: "\${run.date}", connection: warehouse, recipients: { query: select 1, params: { a: 1 }, key: id }, data: { query: select 2, params: { b: "\${run.key}" } }, template: costs, subject: Costs, attach: [csv], mail_connection: mail }
  until: { uses: sensor.time, with: { until: "\${run.date}T18:00", timezone: UTC, timeout: 1h, soft_fail: true } }
  delay: { uses: sensor.time, with: { delay: 5m } }
  http:
    uses: sensor.http
    with:
      { url: "https://x.example/a", method: POST, headers: { a: b }, expect: { status: [200], body: response.body.ok }, fail_when: response.status == 500, connection: web, interval: 30s, factor: 2, max_interval: 5m }
  get: { uses: sensor.http, with: { url: "https://x.example", method: GET } }
  head: { uses: sensor.http, with: { url: "https://x.example", method: HEAD } }
  sql: { uses: sensor.sql, with: { connection: warehouse, query: select 1, params: { a: 1 }, expect: size(rows) > 1, fail_when: row == null } }
  object: { uses: sensor.object, with: { connection: lake, bucket: b, key: "a/\${run.date}", newer_than: 2026-01-01, timezone: UTC, min_bytes: 1 } }
  objects: { uses: sensor.object, with: { connection: lake, bucket: b, prefix: a/, min_count: 3 } }
  event: { uses: sensor.event, with: { subject: a.b, when: event.data.x == 1, since: 2026-01-01, timezone: UTC } }
  dag: { uses: sensor.dag, with: { dag: x, task: t, date: "\${run.date}", timezone: UTC, allowed_states: [succeeded, removed, waiting, queued, assigned], failed_states: [failed, running, cancelling, retrying], skipped_states: [skipped, upstream_failed] } }
  key: { uses: sensor.dag, with: { dag: x, key: k } }
  instant: { uses: sensor.dag, with: { dag: x, logical_time: "\${run.logical_time}" } }
  k8s: { uses: sensor.k8s, with: { connection: kubernetes, api_version: v1, kind: Job, name: j, namespace: n, condition: Complete, fail_condition: Failed, expect: object.status.ok, fail_when: object.bad } }
  ask: { uses: approval, timeout: 1d, with: { message: Go?, form: { properties: { n: { type: integer, default: 1 } } }, approvers: [ana], on_reject: skip, default: approve } }
  ask-no: { uses: approval, timeout: 1d, with: { message: Go?, on_reject: fail, default: reject } }
  child: { uses: dag.run, with: { dag: other, params: { a: 1 }, key: k, wait: false, allowed: [succeeded, cancelled] } }
`;

/** Each alone, for what is fuzzed is compiled once for each of its places. */
const kinds = TASKS.split(/^(?=  \S)/m).map((task, n) => `id: kind-${n}\ntasks:\n${task}`);

export const EVERYTHING: readonly string[] = [LANGUAGE, RULES, ...kinds, ...schedules];
