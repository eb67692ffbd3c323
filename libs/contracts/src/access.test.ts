// Who may say what: the policy, written out, and the text that nats-server reads.
import { describe, expect, test } from "vitest";
import { renderAccounts, usersOf, type BusUser } from "./access.ts";
import { consumersOf, streams, subjects, type Installation } from "./topology.ts";

const installation: Installation = {
  sources: ["logistics"],
  runners: { "bench-runner": ["bench.noop", "bench.sleep"], idle: [] },
};
const users = usersOf(installation);
const userOf = (name: string): BusUser => {
  const found = users.find((user) => user.name === name);
  if (found === undefined) throw new Error(`no such user: ${name}`);
  return found;
};
const covers = (pattern: string, subject: string): boolean => {
  const [want, is] = [pattern.split("."), subject.split(".")];
  const end = want.indexOf(">");
  if (end >= 0 ? is.length <= end : is.length !== want.length) return false;
  return want.every((token, i) => (end >= 0 && i >= end) || token === "*" || token === is[i]);
};
const may = (patterns: readonly string[], subject: string): boolean =>
  patterns.some((pattern) => covers(pattern, subject));
const whoPublishes = (subject: string): string[] =>
  users.filter(({ publish }) => may(publish, subject)).map(({ name }) => name);
const whoSubscribes = (subject: string): string[] =>
  users.filter(({ subscribe }) => may(subscribe, subject)).map(({ name }) => name);

const RUNNERS = ["k8s-runner", "vertex-runner", "sensor-runner", "report-mailer", "bench-runner"];

test("one user for each service, custom runner and source", () => {
  expect(users.map(({ name }) => name)).toEqual([
    "scheduler",
    "state-machine",
    "k8s-runner",
    "vertex-runner",
    "sensor-runner",
    "report-mailer",
    "alert-notifier",
    "console",
    "bench-runner",
    "idle",
    "source-logistics",
  ]);
});

test.each([
  [subjects.inbox("dag", "costs"), ["scheduler", "state-machine"]],
  [subjects.inbox("run", "run-1"), ["state-machine"]],
  [subjects.inbox("update", "run-1"), ["state-machine", ...RUNNERS]],
  [subjects.task("k8s.pod", "att-1"), ["state-machine"]],
  [subjects.event("run-settled", "costs", "run-1"), ["state-machine"]],
  [subjects.cancel("k8s.pod", "att-1"), ["state-machine"]],
  [subjects.log("run-1", "task", "att-1"), RUNNERS],
  [subjects.inventory("k8s.pod"), ["k8s-runner"]],
  [subjects.inventory("bench.sleep"), ["bench-runner"]],
  ["$KV.CHASQUI_KINDS.bench_noop", ["bench-runner"]],
  [subjects.dead("scheduler-triggers"), ["scheduler"]],
  [subjects.trigger("logistics.routes.closed"), ["source-logistics"]],
  [subjects.trigger("billing.closed"), []],
  ["_INBOX_state-machine.abc", ["state-machine"]],
  ["_INBOX_scheduler.abc", ["state-machine"]],
  ["_INBOX_console.abc", []],
  ["$JS.API.STREAM.DELETE.CHASQUI_INBOX", []],
  ["$JS.API.STREAM.UPDATE.CHASQUI_INBOX", []],
  ["$JS.API.STREAM.CREATE.CHASQUI_INBOX", ["state-machine"]],
  ["$JS.API.STREAM.MSG.GET.CHASQUI_DEAD", []],
  ["$JS.API.CONSUMER.DURABLE.CREATE.CHASQUI_TASKS.kind-k8s_pod", []],
  ["$JS.API.CONSUMER.CREATE.CHASQUI_LOGS", ["alert-notifier", "console"]],
  ["$JS.API.CONSUMER.CREATE.CHASQUI_EVENTS", ["scheduler", "console"]],
  [subjects.connectionTest("report-mailer"), ["console"]],
  [
    subjects.connectionAnswer("q1"),
    [...RUNNERS.slice(0, 4), "alert-notifier", "console", ...RUNNERS.slice(4)],
  ],
])("%s is published by %j", (subject, names) => {
  expect(whoPublishes(subject)).toEqual(names);
});

test.each([
  [subjects.cancel("k8s.pod", "att-1"), ["k8s-runner"]],
  [subjects.cancel("bench.noop", "att-1"), ["bench-runner"]],
  [subjects.inventory("k8s.pod"), ["state-machine"]],
  [subjects.event("run-settled", "costs", "run-1"), ["state-machine", "sensor-runner", "console"]],
  [subjects.trigger("logistics.routes.closed"), ["sensor-runner"]],
  [subjects.log("run-1", "task", "att-1"), ["console"]],
  [subjects.task("k8s.pod", "att-1"), []],
  [subjects.inbox("run", "run-1"), []],
  ["_INBOX_scheduler.abc", ["scheduler"]],
  ["_INBOX.abc", []],
  [subjects.connectionTest("report-mailer"), ["report-mailer"]],
  [subjects.connectionTest("bench-runner"), ["bench-runner"]],
  [subjects.connectionAnswer("q1"), ["console"]],
])("%s is heard by %j", (subject, names) => {
  expect(whoSubscribes(subject)).toEqual(names);
});

test("a durable is asked for, acknowledged and created again by its owner alone", () => {
  for (const [durable, { stream, filter, owner }] of Object.entries(consumersOf(installation)))
    for (const subject of [
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
      `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
      `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${filter.replaceAll(">", "a.b")}`,
      `$JS.ACK.${stream}.${durable}.1.2.3.4.5`,
      `$JS.ACK.hub.hash.${stream}.${durable}.1.2.3.4.5.random`,
      `chasqui.dead.${durable}`,
    ])
      expect(whoPublishes(subject), subject).toEqual([owner]);
});

test("nobody but the admin reads or alters a stream as a whole; sensors look for triggers", () => {
  for (const stream of Object.keys(streams))
    for (const verb of ["DELETE", "UPDATE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT"])
      expect(whoPublishes(`$JS.API.STREAM.${verb}.${stream}`)).toEqual(
        stream === "CHASQUI_TRIGGERS" && verb === "MSG.GET" ? ["sensor-runner"] : [],
      );
});

test("a runner without kinds has nothing to say", () => {
  expect(userOf("idle")).toEqual({
    name: "idle",
    publish: ["$JS.API.INFO", "$JS.API.STREAM.INFO.*"],
    subscribe: ["_INBOX_idle.>"],
  });
});

test.each([
  [{ sources: [], runners: { scheduler: ["x.y"] } }, /bus user "scheduler": the name is taken/],
  [{ sources: [], runners: { admin: ["x.y"] } }, /bus user "admin": the name is taken/],
  [{ sources: ["a", "a"], runners: {} }, /bus user "source-a": the name is taken/],
  [{ sources: ["a.>"], runners: {} }, /not a subject token: "a\.>"/],
  [{ sources: [], runners: { "no good": ["x.y"] } }, /not a subject token: "no good"/],
])("%j is refused", (wrong, message) => {
  expect(() => usersOf(wrong)).toThrow(message);
});

describe("the accounts text", () => {
  const passwords = Object.fromEntries(users.map(({ name }) => [name, `secret ${name}`]));
  const options = { account: "CHASQUI_TEST", users, passwords, adminPassword: "$2a$10$abcdef" };

  test("names every user with its password and its subjects", () => {
    const text = renderAccounts(options);
    expect(text).toContain('{ user: "admin", password: "$2a$10$abcdef" }');
    for (const user of users) {
      expect(text).toContain(`user: "${user.name}", password: "secret ${user.name}"`);
      for (const subject of [...user.publish, ...user.subscribe])
        expect(text).toContain(`"${subject}"`);
    }
    expect(text).toMatch(/^accounts \{\n {2}CHASQUI_TEST \{\n {4}jetstream: enabled\n/);
    expect(text).toMatch(/ {2}SYS \{\}\n\}\nsystem_account: SYS\n$/);
  });

  test.each([
    [undefined, /password of bus user "scheduler": missing: want/],
    ["", /password of bus user "scheduler": not usable: want/],
    ['a" }', /not usable/],
    ["a\\", /not usable/],
    ["a\nb", /not usable/],
  ])("a password %j is refused without being told", (password, message) => {
    const wrong: Record<string, string> = { ...passwords };
    delete wrong.scheduler;
    if (password !== undefined) wrong.scheduler = password;
    expect(() => renderAccounts({ ...options, passwords: wrong })).toThrow(message);
  });

  test("an account is a name", () => {
    expect(() => renderAccounts({ ...options, account: "a {" })).toThrow(/not a subject token/);
  });
});

test("the console publishes for webhooks, below their names only", () => {
  const users = usersOf({ sources: ["logistics"], webhooks: ["depot"], runners: {} });
  const publish = users.find(({ name }) => name === "console")?.publish ?? [];
  expect(publish.filter((subject) => subject.startsWith("chasqui.trigger."))).toEqual([
    "chasqui.trigger.depot.>",
  ]);
  expect(users.map(({ name }) => name)).not.toContain("source-depot");
});

test.each([
  [{ sources: ["chasqui"] }, /source "chasqui": the name is Chasqui's own/],
  [{ sources: [], webhooks: ["chasqui"] }, /source "chasqui": the name is Chasqui's own/],
  [{ sources: ["a"], webhooks: ["a"] }, /webhook "a": a source has this name/],
])("names that would pass for somebody else: %j", (installation, reason) => {
  expect(() => usersOf({ runners: {}, ...installation })).toThrow(reason);
});

test("an account cannot import from itself, nor Chasqui's own source", () => {
  const render = (accounts: Record<string, string[]>): string =>
    renderAccounts({ account: "prod", users: [], passwords: {}, adminPassword: "x", accounts });
  expect(() => render({ prod: ["fleet"] })).toThrow("account prod: it is our own");
  expect(() => render({ FLEET: ["chasqui"] })).toThrow("the name is Chasqui's own");
  expect(render({})).not.toContain("include");
});
