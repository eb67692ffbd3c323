// DAG files for tests: the example of the handbook, and a generator of random valid DAGs in author's form.
import fc from "fast-check";
import type { JsonObject } from "@bufbuild/protobuf";

export const CARRIER_COSTS = `id: carrier-daily-costs
owner: logistics
schedule: { cron: "0 19 * * *", timezone: America/Bogota, catchup: latest, overlap: queue }
triggers:
  - event: { subject: logistics.routes.closed, when: "event.data.country == 'CO'" }
    key: "\${run.date}"
defaults: { retries: { max: 3, backoff: 30s, factor: 2, max_backoff: 10m }, timeout: 30m }
tasks:
  aggregate:
    uses: k8s.pod
    with: { image: registry.example/costs:1.4, command: [node, aggregate.mjs], env: { DAY: "\${run.date}" } }
  mail:
    needs: [aggregate]
    when: tasks.aggregate.output.carriers > 0
    uses: report.email
    with:
      report: carrier-daily-costs
      period: "\${run.date}"
      connection: warehouse
      recipients: { query: "select carrier_id, email from carrier", key: carrier_id }
      data: { query: select * from delivery where day = :day, params: { day: "\${run.date}" } }
      template: daily-costs
      attach: [csv]
alerts:
  - { on: [failed, late], slack: "#logistics-alerts" }
`;

const id = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?$/);
const duration = fc.constantFrom("1s", "90s", "30m", "1h30m", "2d", "500ms");
const retries = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.record({ max: fc.integer({ min: 0, max: 5 }) }),
  fc.record({
    max: fc.integer({ min: 1, max: 5 }),
    backoff: duration,
    factor: fc.constantFrom(1, 1.5, 2),
    max_backoff: duration,
  }),
);
const optional = { requiredKeys: [] as [] };

const schedule = fc
  .record(
    {
      timezone: fc.constantFrom("America/Bogota", "UTC", "Europe/Berlin"),
      catchup: fc.constantFrom("none", "latest", "all"),
      overlap: fc.constantFrom("queue", "skip", "cancel_other", "allow"),
      start: fc.constantFrom("2026-01-01", "2026-01-01T00:00:00Z"),
      end: fc.constantFrom("2027-01-01T12:00:00+02:00", "2030-01-01"),
    },
    optional,
  )
  .chain((rest) =>
    fc.oneof(
      fc
        .constantFrom("0 19 * * *", "@daily", "*/5 * * * mon-fri")
        .map((cron) => ({ cron, ...rest })),
      fc.constant({ cron: ["0 1 * * *", "@hourly"], ...rest }),
    ),
  );

const config = fc.oneof(
  fc.constant({ uses: "noop" }),
  fc.record({
    uses: fc.constant("k8s.pod"),
    with: fc.record(
      {
        image: fc.constantFrom("a:1", "${vars.registry}/a:1"),
        args: fc.array(fc.constantFrom("x", "${run.date}", "on", "1", "$${literal}"), {
          maxLength: 3,
        }),
        env: fc.dictionary(
          fc.stringMatching(/^[A-Z]{1,3}$/),
          fc.string({ maxLength: 4 }).map(plain),
        ),
      },
      { requiredKeys: ["image"] },
    ),
  }),
);

function plain(text: string): string {
  return text.replaceAll("${", "");
}

const task = fc
  .tuple(
    config,
    fc.record(
      {
        retries,
        timeout: duration,
        allow_failure: fc.boolean(),
        when: fc.constantFrom("run.date > '2026-01-01'", "true"),
        trigger_rule: fc.constantFrom("all_success", "all_done", "one_failed", "always"),
      },
      optional,
    ),
  )
  .map(([kind, rest]): JsonObject => ({ ...kind, ...rest }));

/** Tasks that need only tasks before them. */
const tasks = fc
  .uniqueArray(id, { minLength: 1, maxLength: 6, selector: (name) => name.replaceAll("-", "_") })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((name, index) =>
        fc
          .tuple(task, fc.subarray(ids.slice(0, index)))
          .map(([fields, needs]): [string, JsonObject] => [
            name,
            needs.length === 0 ? fields : { ...fields, needs },
          ]),
      ),
    ),
  )
  .map((entries): JsonObject => Object.fromEntries(entries));

/** A valid DAG as an author may write it. */
export const validDag: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      id,
      tasks,
      owner: fc.constantFrom("logistics", "ml"),
      description: fc.constantFrom("Daily costs.", "No: yes"),
      tags: fc.subarray(["a", "b", "daily"]),
      schedule,
      triggers: fc.constant([
        {
          event: { subject: "logistics.routes.closed", when: "has(event.data.x)" },
          key: "${run.date}",
        },
      ]),
      params: fc.constant({
        type: "object",
        properties: { day: { type: "string", default: "2026-01-01" }, n: { type: "integer" } },
      }),
      defaults: fc.record({ retries, timeout: duration }, optional),
      alerts: fc.constant([{ on: ["late", "failed"], slack: "#alerts" }]),
      max_active_runs: fc.integer({ min: 1, max: 20 }),
      timeout: duration,
    },
    { requiredKeys: ["id", "tasks"] },
  )
  .map((dag): JsonObject => JSON.parse(JSON.stringify(dag)));
