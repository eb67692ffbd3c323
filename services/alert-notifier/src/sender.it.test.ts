// Incidents on their way into Slack: one message each, whatever happens in between.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { deliveryText } from "./alert-service.ts";
import type { Notice } from "./core/facts.ts";
import type { Slack } from "./ports/slack.ts";
import { webApiSlack } from "./ports/web-api-slack.ts";
import {
  answered,
  askedFor,
  failed,
  failure,
  recovered,
  retrying,
  settled,
} from "./testing/notices.ts";
import { all, testNotifier, type TestNotifier } from "./testing/test-notifier.ts";

const posts = (t: TestNotifier) =>
  t.slack.requests().filter(({ method }) => method === "chat.postMessage");
const isShown = (t: TestNotifier) => async (): Promise<boolean> => {
  const rows = await t.incidents();
  return rows.length > 0 && rows.every((row) => row.posted_revision === row.revision);
};
const deliveries = async (t: TestNotifier) =>
  (await t.incidents()).map((row) => deliveryText(row)).toSorted();
/** The same notice of another run. */
const ofRun = (n: number, notice: Notice): Notice => ({
  ...notice,
  run: { ...notice.run, runId: `run-${String(n).padStart(26, "0")}` },
});

/** Of a server that has gone. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.concurrent("a question", () => {
  test("is a message of its own, and is updated when it is answered", async () => {
    await using t = await testNotifier();
    t.sender();
    await t.tell(askedFor(2), failed(2));
    await t.until(isShown(t));
    await t.tell(answered(3));
    await t.until(isShown(t));
    expect(t.slack.messages().map(({ text }) => text)).toEqual([
      "[prod] carrier-daily-costs: go was approved",
      "[prod] carrier-daily-costs: aggregate failed (code: exit code 3)",
    ]);
    expect(posts(t)).toHaveLength(2);
  });

  test("whose end was heard before it does not stay open", async () => {
    await using t = await testNotifier();
    t.isOpen = false;
    await t.tell(answered(3), askedFor(2));
    expect((await t.incidents()).map(({ state }) => state)).toEqual(["answered"]);
    await t.tell(answered(3));
    expect((await t.incidents()).map(({ title }) => title)).toEqual([
      "carrier-daily-costs: go was approved",
    ]);
  });
});

describe.concurrent("one incident", () => {
  test("is posted once and edited as things change", async () => {
    await using t = await testNotifier();
    t.sender();
    await t.tell(retrying(2));
    await t.until(isShown(t));
    await t.tell(recovered(3));
    await t.until(isShown(t));
    await t.tell(failed(4, failure({ taskId: "mail" })), settled(5, "failed"));
    await t.until(isShown(t));
    expect(t.slack.messages().map(({ text }) => text)).toEqual([
      "[prod] carrier-daily-costs failed: mail (code: exit code 3)",
    ]);
    expect(posts(t)).toHaveLength(1);
    const [row] = await t.incidents();
    expect(t.slack.messages("#ops")[0]).toMatchObject({
      ts: row?.message_ts,
      metadata: {
        event_type: "chasqui_incident",
        event_payload: { incident_id: row?.incident_id, revision: row?.revision },
      },
    });
    expect(row).toMatchObject({ state: "failed", delivery: "posted" });
  });

  test("is one, though ten replicas are told the same at once and two send", async () => {
    await using t = await testNotifier();
    t.sender();
    t.sender();
    const many = Array.from({ length: 10 }, () => t.tell(failed(2), failed(2)));
    await Promise.all(many);
    await t.until(isShown(t));
    expect(posts(t)).toHaveLength(1);
    expect(await t.incidents()).toMatchObject([{ revision: 1 }]);
  });

  test("ten different notices at once are all in it", async () => {
    await using t = await testNotifier();
    const failures = Array.from({ length: 10 }, (_, i) => failure({ taskId: `task-${i}` }));
    await Promise.all(failures.map((one, i) => t.tell(failed(2 + i, one))));
    const [row] = await t.incidents();
    expect(row?.facts.tasks.map(({ taskId }) => taskId)).toEqual(failures.map((f) => f.taskId));
    expect(row?.revision).toBe(10);
  });

  test("a DAG without alerts has none", async () => {
    await using t = await testNotifier();
    t.channels = [];
    await t.tell(failed(2), settled(3, "failed"));
    expect(await t.incidents()).toEqual([]);
  });

  test("a message that somebody deleted is not posted anew", async () => {
    await using t = await testNotifier();
    t.sender();
    await t.tell(failed(2));
    await t.until(isShown(t));
    const [message] = t.slack.messages();
    const body = new URLSearchParams({ channel: message?.channel ?? "", ts: message?.ts ?? "" });
    const headers = { authorization: "Bearer xoxb-test" };
    await fetch(`${t.slack.apiUrl}chat.delete`, { method: "POST", body, headers });
    await t.tell(settled(3, "failed"));
    await t.until(isShown(t));
    expect([t.slack.messages(), posts(t).length]).toEqual([[], 1]);
  });
});

describe.concurrent("Slack", () => {
  test("is given a second between messages of one channel, in order", async () => {
    await using t = await testNotifier();
    t.channels = [all("#ops"), all("#data")];
    await t.tell(ofRun(1, failed(2)), ofRun(2, failed(2)));
    t.sender();
    await t.until(isShown(t));
    const inOps = posts(t).filter((post) => post.arguments["channel"] === "#ops");
    const times = inOps.map(({ time }) => Date.parse(time));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(950);
    expect(t.slack.messages("#ops").map((m) => JSON.stringify(m.blocks).includes("run-0"))).toEqual(
      [true, true],
    );
    expect(posts(t)).toHaveLength(4);
  });

  test("says when to come back, and is obeyed", async () => {
    await using t = await testNotifier();
    t.slack.fault({ method: "chat.postMessage", status: 429, retryAfterSeconds: 2 });
    t.sender();
    await t.tell(failed(2));
    await t.until(isShown(t));
    const [first, second] = posts(t).map(({ time }) => Date.parse(time));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1_900);
    expect(t.slack.messages()).toHaveLength(1);
  });

  test("is away: nothing is dropped, and what waits is sent in order", async () => {
    await using t = await testNotifier();
    const apiUrl = `http://127.0.0.1:${await closedPort()}/api/`;
    const away = webApiSlack({ token: "x", apiUrl }, { timeoutMs: 500 });
    let back = false;
    const now = (): Slack => (back ? t.client : away);
    const switching: Slack = {
      post: (...args) => now().post(...args),
      edit: (...args) => now().edit(...args),
      lookUp: (...args) => now().lookUp(...args),
    };
    t.sender(switching);
    await t.tell(ofRun(1, failed(2)), ofRun(2, failed(2)), ofRun(1, settled(3, "failed")));
    await t.until(async () => (await t.incidents()).some((row) => row.failure_count > 0));
    expect(await deliveries(t)).toEqual(["pending", "pending"]);
    back = true;
    await t.until(isShown(t));
    const order = t.slack.messages().map(({ metadata }) => JSON.stringify(metadata));
    const [newest, oldest] = await t.incidents();
    expect(order).toEqual([
      expect.stringContaining(oldest?.incident_id ?? "?"),
      expect.stringContaining(newest?.incident_id ?? "?"),
    ]);
    expect(posts(t)).toHaveLength(2);
  });

  test("refuses: the reason is shown, and other channels are served", async () => {
    await using t = await testNotifier();
    t.channels = [all("#missing-channel"), all("#ops")];
    t.sender();
    await t.tell(failed(2));
    await t.until(async () => (await deliveries(t)).every((text) => text !== "pending"));
    expect(await deliveries(t)).toEqual(["failed: channel_not_found", "posted"]);
  });

  test("took the post, but the answer was lost: it is found again, and edited", async () => {
    await using t = await testNotifier();
    t.slack.fault({ method: "chat.postMessage", drop: true, afterWork: true });
    t.sender();
    await t.tell(failed(2));
    await t.until(isShown(t));
    await t.tell(settled(3, "failed"));
    await t.until(isShown(t));
    expect(posts(t)).toHaveLength(1);
    expect(t.slack.messages()).toHaveLength(1);
  });

  test("broke before it took the post: nothing is found, and it is posted", async () => {
    await using t = await testNotifier();
    t.slack.fault({ method: "chat.postMessage", drop: true });
    t.sender();
    await t.tell(failed(2));
    await t.until(isShown(t));
    expect(t.slack.messages()).toHaveLength(1);
  });

  test("cannot be asked: the doubt is shown, and nothing is posted twice", async () => {
    await using t = await testNotifier();
    t.slack.fault({ method: "chat.postMessage", drop: true, afterWork: true });
    t.slack.fault({ method: "conversations.list", error: "missing_scope" });
    t.sender();
    await t.tell(failed(2));
    await t.until(async () => (await deliveries(t))[0]?.startsWith("unconfirmed") === true);
    await t.until(async () => (await deliveries(t))[0]?.includes("missing_scope") === true);
    expect(t.slack.messages()).toHaveLength(1);
    await t.until(isShown(t));
    expect(posts(t)).toHaveLength(1);
  });
});

describe.concurrent("a process that is killed", () => {
  /** Its post never comes back; `before` Slack heard of it, or after. */
  const killed = (
    t: TestNotifier,
    when: "before" | "after",
  ): { slack: Slack; reached: Promise<void> } => {
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const slack: Slack = {
      ...t.client,
      async post(...args) {
        if (when === "after") await t.client.post(...args);
        resolve();
        throw new Error("killed");
      },
    };
    return { slack, reached };
  };

  test.each(["before", "after"] as const)(
    "%s Slack took the post leaves one message",
    async (when) => {
      await using t = await testNotifier();
      const { slack, reached } = killed(t, when);
      const dying = t.sender(slack);
      await t.tell(failed(2));
      await reached;
      await dying.stop(0);
      expect(await deliveries(t)).toEqual(["pending"]);
      t.sender();
      await t.tell(settled(3, "failed"));
      await t.until(isShown(t));
      expect(t.slack.messages()).toHaveLength(1);
      expect(posts(t)).toHaveLength(1);
    },
  );
});
