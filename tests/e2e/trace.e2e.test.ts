// One run is one trace, from the publisher's span through every service to the pods, the mails and the alert.
import { expect, test } from "vitest";
import { parseTraceparent } from "../../libs/chassis/src/index.ts";
import { RunState } from "../../libs/contracts/src/index.ts";
import type { Run } from "../../libs/contracts/src/index.ts";
import { getJson } from "./support/http.ts";
import { natsSocket } from "./support/nats-socket.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { mailsOf, slackMessages } from "./support/outside.ts";
import { edgesOf, orphansOf, spansOf, type Span } from "./support/trace.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

/** The main job's tasks, and beside them one that fails twice: every service has a part in it. */
const EVERYTHING = `
id: everything
triggers:
  - event: { subject: logistics.routes.closed }
    key: "\${run.date}"
tasks:
  aggregate:
    uses: k8s.pod
    with:
      image: "\${vars.registry}/carrier-daily-costs:1.4"
      command: [node, dags/carrier-daily-costs/aggregate.mjs]
      env: { DAY: "\${run.date}", WAREHOUSE_URL: "secret:warehouse/url" }
  mail:
    needs: [aggregate]
    uses: report.email
    with:
      report: everything
      period: "\${run.date}"
      connection: warehouse
      recipients:
        query: select carrier_id, name, email, locale, active from carrier order by carrier_id
        key: carrier_id
      data:
        query: select carrier_id, delivery_id, route, city, parcels, cost_cents from delivery where day = :day
        params: { day: "\${run.date}" }
      template: daily-costs
      attach: [csv]
  broken:
    uses: k8s.pod
    retries: { max: 1, backoff: 1s }
    with:
      image: "\${vars.registry}/broken:1"
      command: [sh, -c, 'echo "traceparent is $TRACEPARENT"; exit 3']
alerts:
  - { on: [failed, retrying], slack: "#trace-alerts" }
`;

const publisher = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const world = useWorld();
let run: Run;
let spans: Span[] = [];

test("the run continues the publisher's trace", async () => {
  const { apply, clients, settled } = world();
  await apply("everything.yaml", EVERYTHING);
  const { nats, credentials } = world().world;
  const user = "source-logistics";
  await using socket = await natsSocket({ port: nats.port, user, password: credentials.of(user) });
  await socket.publish({
    subject: "chasqui.trigger.logistics.routes.closed",
    headers: {
      "ce-specversion": "1.0",
      "ce-id": "closed-1",
      "ce-source": "logistics",
      "ce-type": "logistics.routes.closed.v1",
      "ce-time": "2026-11-19T17:00:00Z",
      traceparent: `00-${publisher.traceId}-${publisher.spanId}-01`,
    },
    body: "{}",
  });
  const runId = await until("the run", async () => {
    const { runs } = await clients.runs.listRuns({ dagId: "everything" });
    return runs[0]?.runId;
  });
  run = await settled(runId);
  expect(run.state).toBe(RunState.FAILED);
  expect(run.traceId).toBe(publisher.traceId);
});
/**
 * Every hop between services. Which events the notifier traces depends on which of them told it something new, and
 * the last two leave the state machine together; so they count as one.
 */
const EDGES = [
  "k8s-runner: publish chasqui.inbox.update → state-machine: process chasqui.inbox.update",
  "report-mailer: publish chasqui.inbox.update → state-machine: process chasqui.inbox.update",
  "scheduler: process chasqui.trigger.logistics → state-machine: run everything",
  "scheduler: publish chasqui.inbox.dag → state-machine: process chasqui.inbox.dag",
  "state-machine: publish chasqui.event → alert-notifier: process chasqui.event.{what}",
  "state-machine: publish chasqui.task.k8s.pod → k8s-runner: process chasqui.task.k8s_pod.{attempt}",
  "state-machine: publish chasqui.task.k8s.pod → k8s-runner: run k8s.pod",
  "state-machine: publish chasqui.task.report.email → report-mailer: process chasqui.task.report_email.{attempt}",
];

const edges = (): string[] => [
  ...new Set(edgesOf(spans).map((edge) => edge.replace(/process chasqui\.event\.[a-z-]+$/, EVENT))),
];
const EVENT = "process chasqui.event.{what}";

test("the edges between services are these and no others", async () => {
  const isWhole = async (): Promise<boolean> => {
    spans = await spansOf(world().world, run.traceId);
    return edges().length === EDGES.length && orphansOf(spans).length === 1;
  };
  await until("the whole trace", isWhole, { timeoutMs: 15_000 }).catch(() => undefined);
  expect(edges()).toEqual(EDGES);
});

test("no span is an orphan but the first, whose parent is the publisher's", () => {
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([publisher.traceId]));
  expect(orphansOf(spans)).toEqual([
    expect.objectContaining({
      service: "scheduler",
      name: "process chasqui.trigger.logistics",
      parent: publisher.spanId,
    }),
  ]);
  expect(spans.filter(({ parent }) => parent === undefined)).toEqual([]);
});

test("each mail names its run, and its own span", async () => {
  const mails = await mailsOf(world().world, run.runId);
  expect(mails).toHaveLength(10);
  const inMails = mails.map(({ headers }) => parseTraceparent(headers["traceparent"]));
  expect(new Set(inMails.map((parent) => parent?.traceId))).toEqual(new Set([run.traceId]));
  const sent = spans.filter(({ name }) => name === "send mail").map(({ id }) => id);
  expect(inMails.map((parent) => parent?.spanId).toSorted()).toEqual(sent.toSorted());
});

test("each pod was given TRACEPARENT: the span of its job, in the run's trace", async () => {
  const { kubernetes } = world().world.sandbox;
  const url = `${kubernetes}/api/v1/namespaces/chasqui/pods`;
  const { items } = await getJson<{ items: Pod[] }>(url);
  const given = items.map(({ spec }) => {
    const env = spec.containers[0]?.env ?? [];
    return parseTraceparent(env.find(({ name }) => name === "TRACEPARENT")?.value);
  });
  expect(given.map((parent) => parent?.traceId)).toEqual(Array(3).fill(run.traceId));
  const jobs = spans.filter(({ name }) => name === "run k8s.pod").map(({ id }) => id);
  expect(given.map((parent) => parent?.spanId).toSorted()).toEqual(jobs.toSorted());
  const broken = run.tasks.find(({ taskId }) => taskId === "broken");
  expect(broken?.failure?.logTail.join()).toContain(`traceparent is 00-${run.traceId}-`);
});

interface Pod {
  readonly spec: {
    readonly containers: readonly { readonly env?: readonly { name: string; value?: string }[] }[];
  };
}

test("the alert is one message that names the trace", async () => {
  const messages = await slackMessages(world().world, "trace-alerts");
  expect(messages).toHaveLength(1);
  expect(JSON.stringify(messages[0])).toContain(run.traceId);
});

test("nothing is left", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
