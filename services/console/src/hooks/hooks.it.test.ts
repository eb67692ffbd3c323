// Webhooks through the console: real HTTP, a real broker, the console's own permissions.
import { createHmac } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { readCloudEvent, triggerData } from "@chasqui/contracts";
import { afterEach, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/index.ts";
import { world } from "../testing.ts";
import type { World } from "../testing.ts";
import { HOOK_BYTES_MAX } from "./routes.ts";

const SECRET = "what the depot signs with";
afterEach(() => void vi.unstubAllEnvs());

async function hooked(): Promise<World> {
  vi.stubEnv("CHASQUI_WEBHOOK_SECRET", SECRET);
  return world();
}

function post(w: World, path: string, body: string, headers: Record<string, string> = {}) {
  const signature = `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
  return fetch(`${w.url}/hooks/${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": signature,
      ...headers,
    },
    body,
  });
}

async function stored(w: World) {
  const read: { subject: string; id: string; source: string; data: unknown; parent?: string }[] =
    [];
  const options = { follow: false, signal: AbortSignal.timeout(40_000) };
  for await (const delivery of w.admin.readStream(
    "CHASQUI_TRIGGERS",
    "chasqui.trigger.>",
    options,
  )) {
    const event = readCloudEvent(delivery);
    const { id, source, traceparent } = event;
    read.push({
      subject: delivery.subject,
      id,
      source,
      data: triggerData(event),
      ...(traceparent === undefined ? {} : { parent: traceparent }),
    });
  }
  return read;
}

test("a signed request becomes a trigger of the webhook, and once when it is sent again", async () => {
  await using w = await hooked();
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const first = await post(w, "depot/gate.opened", '{"gate": 4}', { traceparent: parent });
  expect(first.status).toBe(202);
  const answer = await first.json();
  expect(answer).toEqual({
    source: "depot",
    id: expect.stringMatching(/^body-[0-9a-f]{40}$/),
    subject: "chasqui.trigger.depot.gate.opened",
    duplicate: false,
  });
  const again = await post(w, "depot/gate.opened", '{"gate": 4}');
  expect(await again.json()).toEqual({ ...answer, duplicate: true });
  expect(await stored(w)).toEqual([
    { subject: answer.subject, id: answer.id, source: "depot", data: { gate: 4 }, parent },
  ]);
});

test.each<[string, string, string, Record<string, string>, number, RegExp]>([
  ["a wrong signature", "depot/x", "{}", { "x-hub-signature-256": "sha256=00" }, 401, /signature/],
  ["no signature", "depot/x", "{}", { "x-hub-signature-256": "" }, 401, /signature/],
  ["a webhook that is none", "slack/x", "{}", {}, 404, /no webhook "slack"/],
  ["a name that is no subject", "depot/a..b", "{}", {}, 404, /"a\.\.b": want letters/],
  ["a list", "depot/x", "[1]", {}, 400, /not a JSON object/],
  ["no JSON", "depot/x", "{a", {}, 400, /not a JSON object/],
  [
    "a form",
    "depot/x",
    "a=1",
    { "content-type": "application/x-www-form-urlencoded" },
    415,
    /JSON/i,
  ],
  ["too much", "depot/x", `{"a":"${"x".repeat(HOOK_BYTES_MAX)}"}`, {}, 413, /./],
  ["a page of another site", "depot/x", "{}", { origin: "https://evil.example" }, 403, /may not/],
])("%s is refused, and nothing is published", async (_, path, body, headers, status, error) => {
  await using w = await hooked();
  const answer = await post(w, path, body, headers);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ error: expect.stringMatching(error) });
  expect(await stored(w)).toEqual([]);
});

test("a webhook whose secret is missing says so, and the rest of the console works", async () => {
  vi.stubEnv("CHASQUI_WEBHOOK_SECRET", "");
  await using w = await world();
  const answer = await post(w, "depot/x", "{}");
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ error: "webhook depot is not ready" });
  expect((await fetch(`${w.url}/api/server`)).status).toBe(200);
});

test("a button pressed in Slack answers a question once, in the presser's name; unsigned it does nothing", async () => {
  vi.stubEnv("CHASQUI_SLACK_SIGNING_SECRET", SECRET);
  await using folder = await temporaryFolder("slack-actions");
  const local = await readFile(
    new URL("../../../../environments/local.yaml", import.meta.url),
    "utf8",
  );
  const connection = `  slack-actions: { type: webhook, scheme: slack, secret: "env:CHASQUI_SLACK_SIGNING_SECRET" }`;
  const file = path.join(folder.path, "local.yaml");
  await writeFile(file, local.replace(/^connections:$/m, `connections:\n${connection}`));
  await using w = await world({ CHASQUI_ENVIRONMENT_FILE: file });
  const value = JSON.stringify({ run: "run-1", task: "go", attempt: 2 });
  const payload = JSON.stringify({
    user: { id: "U1", username: "ana" },
    actions: [{ action_id: "chasqui_approve", value }],
  });
  const body = new URLSearchParams({ payload }).toString();
  const time = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac("sha256", SECRET).update(`v0:${time}:${body}`).digest("hex");
  const press = async (signed: string) => {
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": time,
      "x-slack-signature": `v0=${signed}`,
    };
    const place = `${w.url}/hooks/slack-actions/press`;
    return (await fetch(place, { method: "POST", headers, body })).status;
  };
  expect(await press(signature.replaceAll(/[0-9]/g, "0"))).toBe(401);
  expect(w.owned.told).toEqual([]);
  expect(await press(signature)).toBe(202);
  expect(await press(signature)).toBe(409);
  expect(w.owned.told).toMatchObject([
    { what: "answer go 2 true in Slack, as ana {}", by: "slack:U1" },
  ]);
});
