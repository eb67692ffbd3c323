// DAG files for tests: the example of the handbook.
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
