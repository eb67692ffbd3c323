// The Slack stand-in through the real client.
/* oxlint-disable unicorn/require-post-message-target-origin -- Slack's postMessage is not window's */
import { LogLevel, WebClient } from "@slack/web-api";
import type { KnownBlock } from "@slack/web-api";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startSlack } from "./server.ts";
import type { SlackStandIn } from "./server.ts";

const SILENT = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};

async function setup(dataDir?: string): Promise<{ slack: SlackStandIn; web: WebClient }> {
  const slack = await startSlack(dataDir === undefined ? { port: 0 } : { port: 0, dataDir });
  onTestFinished(() => slack.stop());
  return { slack, web: clientOf(slack) };
}

function clientOf(slack: SlackStandIn, token = "xoxb-1"): WebClient {
  return new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    logger: SILENT,
    retryConfig: { retries: 2, minTimeout: 10, maxTimeout: 20 },
    timeout: 15_000,
  });
}

const header: KnownBlock = { type: "header", text: { type: "plain_text", text: "costs failed" } };

test("a message is posted, answered in a thread, edited and found again", async () => {
  const { slack, web } = await setup();
  const posted = await web.chat.postMessage({
    channel: "#logistics-alerts",
    text: "fallback",
    blocks: [header],
    metadata: { event_type: "alert", event_payload: { incident: "inc-1" } },
  });
  expect(posted.channel).toMatch(/^C[0-9A-F]{10}$/);
  const [channel, ts] = [posted.channel ?? "", posted.ts ?? ""];
  await web.chat.postMessage({ channel, thread_ts: ts, text: "second attempt" });
  await web.chat.update({ channel, ts, text: "resolved" });
  const seen = slack.messages("#logistics-alerts");
  expect(seen.map(({ text }) => text)).toEqual(["resolved", "second attempt"]);
  expect(seen[0]?.blocks).toBeUndefined();
  expect(seen[0]?.edited?.user).toBe("U0SANDBOX");
  const history = await web.conversations.history({ channel, include_all_metadata: true });
  expect(history.messages).toHaveLength(1);
  expect(history.messages?.[0]).toMatchObject({ ts, reply_count: 1 });
  const replies = await web.conversations.replies({ channel, ts });
  expect(replies.messages?.map(({ text }) => text)).toEqual(["resolved", "second attempt"]);
});

test("metadata is what a sender finds its own message by", async () => {
  const { web } = await setup();
  const metadata = { event_type: "alert", event_payload: { incident: "inc-9" } };
  const { channel = "" } = await web.chat.postMessage({ channel: "ops", text: "a", metadata });
  const open = await web.conversations.history({ channel, include_all_metadata: true });
  expect(open.messages?.[0]?.metadata).toEqual(metadata);
  const closed = await web.conversations.history({ channel });
  expect(closed.messages?.[0]?.metadata).toBeUndefined();
});

test.each([
  ["#missing-team", "channel_not_found"],
  ["#archived-team", "is_archived"],
  ["#private-team", "not_in_channel"],
  ["C0000000000", "channel_not_found"],
  ["#Not A Name", "channel_not_found"],
])("posting to %s is %s", async (channel, error) => {
  const { web } = await setup();
  await expect(web.chat.postMessage({ channel, text: "x" })).rejects.toMatchObject({
    code: "slack_webapi_platform_error",
    data: { ok: false, error },
  });
});

test("what Slack would refuse is refused", async () => {
  const { slack, web } = await setup();
  const refused = (promise: Promise<unknown>, error: string) =>
    expect(promise).rejects.toMatchObject({ data: { error } });
  const channel = "ops";
  const text = { type: "mrkdwn", text: "x".repeat(3_001) } as const;
  const long = web.chat.postMessage({ channel, text: "x", blocks: [{ type: "section", text }] });
  await expect(long).rejects.toMatchObject({
    data: {
      error: "invalid_blocks",
      errors: ["[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"],
    },
  });
  const many = Array.from({ length: 51 }, () => ({ type: "divider" }) as const);
  await refused(web.chat.postMessage({ channel, text: "x", blocks: many }), "invalid_blocks");
  await refused(web.chat.postMessage({ channel, text: "" }), "no_text");
  await refused(web.chat.postMessage({ channel, text: "x", thread_ts: "1.2" }), "thread_not_found");
  await refused(web.apiCall("chat.nonsense"), "unknown_method");
  await refused(clientOf(slack, "xoxb-invalid").auth.test(), "invalid_auth");
  expect(slack.messages()).toEqual([]);
});

test("429 is waited for as Retry-After says, by the client itself", async () => {
  const { slack, web } = await setup();
  slack.fault({ status: 429, retryAfterSeconds: 1, method: "chat.postMessage" });
  const began = performance.now();
  await web.chat.postMessage({ channel: "ops", text: "x" });
  expect(performance.now() - began).toBeGreaterThan(990);
  expect(slack.requests().map(({ outcome }) => outcome)).toEqual(["429", "ok"]);
});

test("5xx is tried again; a connection that drops after the work leaves a duplicate to avoid", async () => {
  const { slack, web } = await setup();
  await fetch(`${slack.url}/sandbox/faults`, { method: "POST", body: '{"status":503}' });
  await web.chat.postMessage({ channel: "ops", text: "once" });
  expect(slack.messages("ops")).toHaveLength(1);
  slack.fault({ drop: true, afterWork: true });
  await web.chat.postMessage({ channel: "ops", text: "twice" });
  expect(slack.messages("ops").map(({ text }) => text)).toEqual(["once", "twice", "twice"]);
  slack.fault({ error: "ratelimited" });
  await expect(web.chat.postMessage({ channel: "ops", text: "no" })).rejects.toMatchObject({
    data: { error: "ratelimited" },
  });
});

test("a file goes up in three steps and comes down again", async () => {
  const { slack, web } = await setup();
  const root = await web.chat.postMessage({ channel: "ops", text: "failed" });
  await web.filesUploadV2({
    channel_id: root.channel ?? "",
    thread_ts: root.ts ?? "",
    filename: "log.txt",
    file: Buffer.from("the log"),
    initial_comment: "its log",
  });
  const [, shared] = slack.messages("ops");
  expect(shared).toMatchObject({ text: "its log", thread_ts: root.ts });
  const [file] = shared?.files ?? [];
  expect(file).toMatchObject({ name: "log.txt", size: 7 });
  const url = JSON.parse(JSON.stringify(file)).url_private;
  expect(await (await fetch(url)).text()).toBe("the log");
});

test("messages outlive the stand-in, a torn line does not; ids and ts go on", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "chasqui-slack-test-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const first = await setup(dataDir);
  const one = await first.web.chat.postMessage({ channel: "ops", text: "one" });
  const two = await first.web.chat.postMessage({ channel: "ops", text: "two" });
  await first.web.chat.update({
    channel: one.channel ?? "",
    ts: one.ts ?? "",
    text: "one, edited",
  });
  await first.web.chat.delete({ channel: two.channel ?? "", ts: two.ts ?? "" });
  await first.slack.stop();
  appendFileSync(join(dataDir, "messages.jsonl"), '{"channel":"C1","ts":"1.1","te');
  const second = await setup(dataDir);
  const three = await second.web.chat.postMessage({ channel: "#ops", text: "three" });
  expect(second.slack.messages().map(({ text }) => text)).toEqual(["one, edited", "three"]);
  expect(three.channel).toBe(one.channel);
  expect(Number(three.ts)).toBeGreaterThan(Number(two.ts));
  await second.slack.stop();
  const third = await setup(dataDir);
  expect(third.slack.messages().map(({ text }) => text)).toEqual(["one, edited", "three"]);
});

test("open pages hear of each message", async () => {
  const { slack, web } = await setup();
  const controller = new AbortController();
  const stream = await fetch(`${slack.url}/sandbox/live`, { signal: controller.signal });
  await web.chat.postMessage({ channel: "ops", text: "x" });
  let heard = "";
  for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    heard += chunk;
    if (heard.includes("event: changed")) break;
  }
  controller.abort();
  expect(heard).toContain(`"channel":"${slack.messages()[0]?.channel}"`);
});

test("messages are read over HTTP by channel and thread", async () => {
  const { slack, web } = await setup();
  const root = await web.chat.postMessage({ channel: "ops", text: "root" });
  await web.chat.postMessage({ channel: "other", text: "elsewhere" });
  await web.chat.postMessage({ channel: "ops", text: "reply", thread_ts: root.ts ?? "" });
  const texts = async (query: string) => {
    const body: unknown = await (await fetch(`${slack.url}/sandbox/messages?${query}`)).json();
    return JSON.stringify(body).match(/"text":"\w+"/g);
  };
  expect(await texts("channel=ops")).toEqual(['"text":"root"', '"text":"reply"']);
  expect(await texts(`thread_ts=${root.ts}`)).toEqual(['"text":"reply"']);
});

test("a taken port is named", async () => {
  const { slack } = await setup();
  await expect(startSlack({ port: slack.port })).rejects.toThrow("set CHASQUI_SANDBOX_SLACK_PORT");
});
