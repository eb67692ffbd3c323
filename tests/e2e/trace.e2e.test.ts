// One run is one trace, from the publisher's span through every service to the pods, the mails and the alert.
import { expect, test } from "vitest";
import { exportTrace, parseTraceparent } from "../../libs/chassis/src/index.ts";
import { RunState } from "../../libs/contracts/src/index.ts";
import type { Run } from "../../libs/contracts/src/index.ts";
import { invokeCli } from "../support/cli.ts";
import { getJson } from "./support/http.ts";
import { natsSocket } from "./support/nats-socket.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { mailsOf, slackMessages } from "./support/outside.ts";
import { edgesOf, orphansOf, spansOf, type Span } from "./support/trace.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

/** The main job's tasks, and beside them one that fails twice: every service below has a part in it. */
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
const world = useWorld({
  services: [
    ...(["state-machine", "scheduler", "report-mailer"] as const),
    ...(["k8s-runner", "alert-notifier", "console"] as const),
  ],
});
let run: Run;
let spans: Span[] = [];

async function publish(
  event: string,
  { traceId, spanId, flags }: { traceId: string; spanId: string; flags: string },
): Promise<void> {
  const { nats, credentials } = world().world;
  const user = "source-logistics";
  await using socket = await natsSocket({ port: nats.port, user, password: credentials.of(user) });
  await socket.publish({
    subject: `chasqui.trigger.logistics.${event}`,
    headers: {
      "ce-specversion": "1.0",
      "ce-id": event,
      "ce-source": "logistics",
      "ce-type": `logistics.${event}.v1`,
      "ce-time": "2026-11-19T17:00:00Z",
      traceparent: `00-${traceId}-${spanId}-${flags}`,
    },
    body: "{}",
  });
}

test("the run continues the publisher's trace", async () => {
  const { apply, clients, settled } = world();
  await apply("everything.yaml", EVERYTHING);
  await publish("routes.closed", { ...publisher, flags: "01" });
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
    const count = (name: string): number => spans.filter((span) => span.name === name).length;
    return (
      edges().length === EDGES.length &&
      orphansOf(spans).length === 1 &&
      count("send mail") === 10 &&
      count("run k8s.pod") === 3
    );
  };
  await until("the whole trace", isWhole, { timeoutMs: 60_000 }).catch(() => undefined);
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
  const messages = await until("the alert", async () => {
    const found = await slackMessages(world().world, "trace-alerts");
    return found.length > 0 && found;
  });
  expect(messages).toHaveLength(1);
  expect(JSON.stringify(messages[0])).toContain(run.traceId);
});

/** Of a run's history, as the state machine answers it: what `chasqui trace --export` sends. */
async function rebuiltOf(runId: string): Promise<Span[]> {
  const sent: Span[] = [];
  await exportTrace(runId, {
    runs: world().clients.runs,
    options: {},
    send: async (batch) => {
      for (const { service, span } of batch) {
        const { traceId, spanId: id, parentSpanId: parent, name } = span;
        sent.push({ traceId, id, parent, service, name });
      }
    },
  });
  return sent;
}

test("rebuilt from its history, the trace has the very spans that were written live", async () => {
  const rebuilt = await rebuiltOf(run.runId);
  const areThere = async (): Promise<boolean> => {
    spans = await spansOf(world().world, run.traceId);
    const ids = new Set(spans.map(({ id }) => id));
    return rebuilt.every(({ id }) => ids.has(id));
  };
  await until("the last of them", areThere, { timeoutMs: 60_000 }).catch(() => undefined);
  const live = new Map(spans.map((span) => [span.id, span]));
  const parents = new Map(rebuilt.map((span) => [span.id, span]));
  for (const span of rebuilt) {
    const written = live.get(span.id);
    const [was, is] = [live.get(written?.parent ?? ""), parents.get(span.parent ?? "")];
    // Said of the assignment's second delivery: the history knows of no more than one.
    const isRepeated = was?.name.startsWith("process chasqui.task.") && was.name === is?.name;
    const parent = isRepeated === true ? written?.parent : span.parent;
    expect(written, span.name).toEqual({ ...span, parent });
  }
  const names = (all: readonly Span[], service: string) =>
    all.flatMap((span) => (span.service === service ? [span.name] : [])).toSorted();
  // What is told by no event, such as a report that changed nothing, is in no history.
  const isOfHistory = ({ name }: Span): boolean => !name.startsWith("process chasqui.inbox.");
  const ofStateMachine = spans.filter(isOfHistory);
  expect(names(rebuilt.filter(isOfHistory), "state-machine")).toEqual(
    names(ofStateMachine, "state-machine"),
  );
  for (const service of ["scheduler", "k8s-runner", "report-mailer"])
    expect(names(rebuilt, service).length, service).toBeGreaterThan(0);
});

/** Nobody traces what its publisher does not; the list is longer than is traced live. */
const QUIET = `
id: quiet
triggers:
  - event: { subject: logistics.depots.closed }
    key: "\${run.date}"
tasks:
  pod:
    uses: k8s.pod
    with: { image: "\${vars.registry}/quiet:1", command: ["true"] }
  each:
    needs: [pod]
    for_each: { in: "${JSON.stringify(Array.from({ length: 105 }, (_, index) => index))}", parallel: 105 }
    uses: noop
`;
const unsampled = { traceId: "1af7651916cd43dd8448eb211c80319c", spanId: "c7ad6b7169203331" };

test("a run that was not sampled has no trace, until it is exported: then the whole tree", async () => {
  const { apply, clients, settled } = world();
  const server = world().world.serverUrl;
  await apply("quiet.yaml", QUIET);
  await publish("depots.closed", { ...unsampled, flags: "00" });
  const runId = await until("the quiet run", async () => {
    const { runs } = await clients.runs.listRuns({ dagId: "quiet" });
    return runs[0]?.runId;
  });
  expect((await settled(runId)).state).toBe(RunState.SUCCEEDED);
  const nothing = await invokeCli(["trace", runId], { server });
  expect(nothing).toMatchObject({ code: 4, err: expect.stringContaining("--export") });

  const { out } = await invokeCli(["trace", runId, "--export"], { server });
  const rebuilt = await rebuiltOf(runId);
  const { otlp } = world().world.sandbox;
  expect(out).toBe(
    `${rebuilt.length} spans, 3 services, trace ${unsampled.traceId}, sent to ${otlp}/v1/traces\n` +
      `${otlp}/trace/${unsampled.traceId}\n`,
  );
  const again = await invokeCli(["trace", runId, "--export"], { server });
  expect(again.out).toBe(out);

  const stored = await spansOf(world().world, unsampled.traceId);
  const byId = (all: readonly Span[]): Span[] => all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(byId(stored)).toEqual(byId(rebuilt));
  expect(orphansOf(stored)).toEqual([]);
  const tree = await invokeCli(["trace", runId], { server });
  expect(tree.out.match(/─ task each/g)).toHaveLength(105);
  expect(tree.out).toMatch(/^process chasqui\.trigger\.logistics/);
  for (const name of ["run quiet", "task pod", "run k8s.pod", "run started"])
    expect(tree.out).toContain(`─ ${name}`);
});

test("nothing is left", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
