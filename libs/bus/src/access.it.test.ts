// Each bus user against a real server: what it must not say is refused, what it may say is not.
import { jetStreamSubjects, streams, subjects, usersOf, type BusUser } from "@chasqui/contracts";
import { connect, type NatsConnection } from "nats";
import { expect, test } from "vitest";
import { bytes, installation, passwordOf, setup, type Setup } from "./testing.ts";

const users = usersOf(installation);

/** Does a pattern with `*` and `>` cover the subject? */
function covers(pattern: string, subject: string): boolean {
  const [want, is] = [pattern.split("."), subject.split(".")];
  for (const [index, token] of want.entries()) {
    if (token === ">") return is.length > index;
    if (is[index] === undefined || (token !== "*" && token !== is[index])) return false;
  }
  return want.length === is.length;
}

const sample = (pattern: string): string => pattern.replaceAll("*", "x").replaceAll(">", "y.z");

/** One subject of every kind that anybody says, and some that nobody may. */
const publishSamples = [
  ...new Set([
    ...users.flatMap((user) => user.publish.map(sample)),
    ...Object.keys(streams).flatMap((stream) => [
      `$JS.API.STREAM.DELETE.${stream}`,
      `$JS.API.STREAM.PURGE.${stream}`,
      jetStreamSubjects.streamUpdate(stream),
      jetStreamSubjects.messageGet(stream),
      `$JS.API.STREAM.MSG.DELETE.${stream}`,
      `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.mine`,
      jetStreamSubjects.consumerCreate(stream, "mine", "chasqui.>"),
    ]),
    ...["scheduler-triggers", "kind-k8s_pod"].map(
      (durable) => `$JS.API.CONSUMER.DELETE.CHASQUI_TASKS.${durable}`,
    ),
    "$JS.API.ACCOUNT.PURGE.CHASQUI_TEST",
    "$SYS.REQ.SERVER.PING",
    "chasqui.trigger.other.thing",
    "anything",
  ]),
];
const subscribeSamples = [
  ...new Set([
    ...users.flatMap((user) => user.subscribe.map(sample)),
    "chasqui.inbox.0.update.run-1",
    "chasqui.task.k8s_pod.att-1",
    "chasqui.trigger.logistics.closed",
    "chasqui.dead.scheduler-triggers",
    "$KV.CHASQUI_KINDS.k8s_pod",
    "_INBOX.x",
    "$JS.API.CONSUMER.MSG.NEXT.CHASQUI_INBOX.state-machine-0",
    ">",
  ]),
];

async function as(t: Setup, user: string): Promise<NatsConnection> {
  return connect({
    servers: t.nats.url,
    user,
    pass: passwordOf(user),
    inboxPrefix: `_INBOX_${user}`,
    reconnect: false,
  });
}

/** What the server complains about, up to the last subject, which nobody may use. */
const LAST = "the.last";
async function refusals(
  nc: NatsConnection,
  send: (subject: string) => void,
  all: readonly string[],
) {
  const refused: string[] = [];
  const status = nc.status();
  for (const subject of [...all, LAST]) send(subject);
  for await (const { permissionContext } of status) {
    if (permissionContext?.subject === LAST) break;
    if (permissionContext !== undefined) refused.push(permissionContext.subject);
  }
  await nc.close();
  return refused.sort();
}

const forbidden = (samples: readonly string[], allowed: readonly string[]): string[] =>
  samples.filter((subject) => !allowed.some((pattern) => covers(pattern, subject))).sort();

test.each(users)("$name publishes to its own subjects and to nothing else", async (user) => {
  await using t = await setup();
  const nc = await as(t, user.name);
  const publish = (subject: string): void => nc.publish(subject, bytes("{}"));
  const refused = await refusals(nc, publish, publishSamples);
  const expected = forbidden(publishSamples, user.publish);
  expect(expected.length).toBeGreaterThan(publishSamples.length / 2);
  expect(refused).toEqual(expected);
  expect(Object.keys(streams)).toHaveLength((await t.manager.streams.list().next()).length - 1);
});

test.each(users)("$name subscribes to its own subjects and to nothing else", async (user) => {
  await using t = await setup({ topology: false });
  const nc = await as(t, user.name);
  const subscribe = (subject: string): void =>
    void nc.subscribe(subject, { callback: () => undefined });
  const refused = await refusals(nc, subscribe, subscribeSamples);
  expect(refused).toEqual(forbidden(subscribeSamples, user.subscribe));
});

test("nobody comes in without a password", async () => {
  await using t = await setup();
  const options = { servers: t.nats.url, reconnect: false };
  await expect(connect(options)).rejects.toThrow(/Authorization/i);
  await expect(connect({ ...options, user: "scheduler", pass: "guess" })).rejects.toThrow(
    /Authorization/i,
  );
});

const may = (user: BusUser | undefined, subject: string): boolean =>
  user?.publish.some((pattern) => covers(pattern, subject)) ?? false;

test("a runner cannot read another's tasks by changing the filter of its own durable", async () => {
  await using t = await setup();
  const runner = users.find(({ name }) => name === "bench-runner");
  const nc = await as(t, "bench-runner");
  const create = (durable: string, filter: string) =>
    jetStreamSubjects.consumerCreate("CHASQUI_TASKS", durable, filter);
  const own = create("kind-bench_noop", "chasqui.task.bench_noop.*");
  expect(may(runner, own)).toBe(true);
  expect(may(runner, create("kind-bench_noop", "chasqui.task.k8s_pod.*"))).toBe(false);
  const answer = await nc.request(
    own,
    JSON.stringify({
      stream_name: "CHASQUI_TASKS",
      config: {
        durable_name: "kind-bench_noop",
        name: "kind-bench_noop",
        ack_policy: "explicit",
        filter_subject: "chasqui.task.k8s_pod.*",
      },
    }),
  );
  expect(answer.string()).toMatch(/"error"/);
  await nc.close();
});

test("a reader without a name cannot make itself a durable", async () => {
  await using t = await setup();
  const nc = await as(t, "console");
  const ask = async (config: object): Promise<string> => {
    const body = JSON.stringify({ stream_name: "CHASQUI_EVENTS", config });
    return (await nc.request(jetStreamSubjects.ephemeralCreate("CHASQUI_EVENTS"), body)).string();
  };
  const pull = { ack_policy: "explicit", filter_subject: "chasqui.event.>" };
  expect(await ask({ ...pull, durable_name: "alert-notifier-run-settled" })).toMatch(/"error"/);
  await nc.close();
  const { config } = await t.manager.consumers.info("CHASQUI_EVENTS", "alert-notifier-run-settled");
  expect(config.filter_subject).toBe("chasqui.event.run-settled.>");
});

test("an attempt's update and a command's answer go where they may", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  expect(
    await runner.publish([
      { subject: subjects.inbox("update", "run-1"), data: bytes("x") },
      { subject: subjects.inbox("dag", "costs"), data: bytes("x") },
      { subject: subjects.inbox("run", "run-1"), data: bytes("x") },
      { subject: subjects.log("run-1", "task", "att-1"), data: bytes("x") },
    ]),
  ).toEqual(["stored", "failed", "failed", "stored"]);
  const inbox = machine.inbox();
  const answered = new Promise<string>((resolve) => {
    machine.subscribePlain(inbox, (data) => resolve(Buffer.from(data).toString()));
  });
  const other = await t.bus("state-machine");
  other.publishPlain(inbox, bytes("accepted"));
  expect(await answered).toBe("accepted");
});

test("a runner asks whether an assignment of its kinds is in the stream, and of no other kind", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const own = subjects.task("bench.noop", "att-1");
  expect(await runner.hasMessage("CHASQUI_TASKS", own)).toBe(false);
  await machine.publish(
    [own, subjects.task("k8s.pod", "att-2")].map((subject) => ({ subject, data: bytes("x") })),
  );
  expect(await runner.hasMessage("CHASQUI_TASKS", own)).toBe(true);
  const held = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const consuming = await runner.consume("kind-bench_noop", {
    concurrency: 1,
    handle: () => {
      held.resolve();
      return mayEnd.promise;
    },
  });
  await held.promise;
  expect(await runner.hasMessage("CHASQUI_TASKS", own)).toBe(true); // someone has it
  mayEnd.resolve();
  await expect.poll(() => runner.hasMessage("CHASQUI_TASKS", own)).toBe(false);
  await consuming.stop(1_000);
  const other = runner.hasMessage("CHASQUI_TASKS", subjects.task("k8s.pod", "att-2"));
  await expect(other).rejects.toThrow(/user bench-runner may not ask it/);
});
