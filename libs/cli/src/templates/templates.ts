// What `chasqui new` writes: small DAGs with a comment at each field that one would change first.
// Invariant: each is valid as written (templates.test.ts compiles it).

export interface Template {
  readonly about: string;
  render(name: string): string;
}

const cronPod: Template = {
  about: "a command in a pod, by the clock",
  render: (
    name,
  ) => `# A command in a pod, every day. Check it with:  npx chasqui validate dags/${name}.yaml
id: ${name}
owner: your-team
description: What it does, in one sentence.

# Minute, hour, day of month, month, day of week; read in the zone.
schedule: { cron: "0 6 * * *", timezone: America/Bogota, catchup: latest, overlap: queue }

# For each task that does not say otherwise.
defaults:
  retries: { max: 2, backoff: 30s, factor: 2, max_backoff: 10m }
  timeout: 30m

tasks:
  work:
    uses: k8s.pod
    with:
      image: "\${vars.registry}/${name}:1.0" # vars come from environments/<environment>.yaml
      command: [sh, -c, 'echo "working on $DAY"']
      env: { DAY: "\${run.date}" } # the run's day in the schedule's zone
      resources: { cpu: 500m, memory: 256Mi }

  # A second task: it starts when \`work\` succeeded.
  # check:
  #   needs: [work]
  #   when: tasks.work.output.rows > 0     # what the pod wrote to the file named in $CHASQUI_OUTPUT
  #   uses: noop

alerts:
  - { on: [failed], slack: "#your-alerts" }
`,
};

const event: Template = {
  about: "a run for each event that another service publishes",
  render: (
    name,
  ) => `# A run for each event. Another service publishes it on chasqui.trigger.logistics.routes.closed
# (see docs/publishing-triggers.md); by hand:  npx chasqui trigger ${name} --follow
id: ${name}
owner: your-team
description: What it does, in one sentence.

triggers:
  - event:
      subject: logistics.routes.closed # source, then name; the source must be in environments/<environment>.yaml
      when: has(event.data.country) && event.data.country == 'CO' # CEL; without it, every event
    # One run per key, whoever asks first. Without a key: one run per event.
    key: "\${event.data.country}-\${run.date}"

defaults: { retries: 2, timeout: 15m }

tasks:
  handle:
    uses: k8s.pod
    with:
      image: "\${vars.registry}/${name}:1.0"
      command: [sh, -c, 'echo "routes of $COUNTRY are closed"']
      env:
        # A run started by hand has no event: event.data is null then.
        COUNTRY: "\${event.data == null ? 'nowhere' : event.data.country}"
      resources: { cpu: 500m, memory: 256Mi }

alerts:
  - { on: [failed], slack: "#your-alerts" }
`,
};

const report: Template = {
  about: "one mail per recipient, with what a query finds for it",
  render: (
    name,
  ) => `# One mail per recipient and period; a recipient without rows gets none, and the run says why.
id: ${name}
owner: your-team
description: What it tells whom, in one sentence.

schedule: { cron: "0 7 * * mon", timezone: America/Bogota, catchup: latest }

tasks:
  mail:
    uses: report.email
    retries: { max: 3, backoff: 1m }
    timeout: 30m
    with:
      report: ${name}
      # Nobody gets a second mail for the same report and period, whatever is repeated.
      period: "\${run.date}"
      connection: warehouse # a name; environments/<environment>.yaml says where it is
      recipients:
        query: select carrier_id, name, email, locale, active from carrier
        key: carrier_id # in both queries
      data:
        query: |
          select carrier_id, delivery_id, route, city, parcels, cost_cents
          from delivery
          where day = :day
          order by route, delivery_id
        params: { day: "\${run.date.plusDays(-1)}" } # yesterday
      template: daily-costs
      attach: [csv]

alerts:
  - { on: [failed], slack: "#your-alerts" }
`,
};

const sensor: Template = {
  about: "waiting for an HTTP endpoint, then a pod",
  render: (name) => `# Waits until an endpoint says that the day's file is there, then works on it.
id: ${name}
owner: your-team
description: What it waits for and then does, in one sentence.

schedule: { cron: "0 5 * * *", timezone: America/Bogota, overlap: skip }

tasks:
  wait-for-file:
    uses: sensor.http
    with:
      url: "https://files.example/exports/\${run.date}"
      expect: { status: [200], body: response.body.ready == true } # CEL over the answer
      interval: 1m
      timeout: 3h
      soft_fail: true # when the time is up: skipped, not failed

  load:
    needs: [wait-for-file]
    uses: k8s.pod
    retries: 2
    timeout: 30m
    with:
      image: "\${vars.registry}/${name}:1.0"
      command: [sh, -c, 'echo "loading $DAY"']
      env: { DAY: "\${run.date}" }
      resources: { cpu: 500m, memory: 256Mi }

alerts:
  - { on: [failed], slack: "#your-alerts" }
`,
};

export const templates: Readonly<Record<string, Template>> = {
  "cron-pod": cronPod,
  event,
  report,
  sensor,
};
