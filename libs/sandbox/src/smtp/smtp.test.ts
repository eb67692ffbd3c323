// The mail catcher through nodemailer.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { expect, onTestFinished, test } from "vitest";
import { listAt, textAt } from "../web/json.ts";
import { startSmtp } from "./server.ts";
import type { SmtpStandIn } from "./server.ts";

async function setup(dataDir?: string) {
  const options = { port: 0, httpPort: 0 };
  const smtp = await startSmtp(dataDir === undefined ? options : { ...options, dataDir });
  onTestFinished(() => smtp.stop());
  return { smtp, send: senderOf(smtp) };
}

function senderOf(smtp: SmtpStandIn) {
  const transport = createTransport({
    host: "127.0.0.1",
    port: smtp.port,
    ignoreTLS: true,
    connectionTimeout: 15_000,
    socketTimeout: 15_000,
  });
  return (mail: Parameters<typeof transport.sendMail>[0]) =>
    transport.sendMail({ from: "Chasqui <c@example.com>", subject: "s", text: "t", ...mail });
}

async function get(smtp: SmtpStandIn, path: string): Promise<unknown> {
  return (await fetch(`${smtp.url}${path}`)).json();
}

test("a mail is kept with its envelope, headers, bodies and attachments", async () => {
  const { smtp, send } = await setup();
  await send({
    to: "Ana <ana@x.test>",
    bcc: "audit@x.test",
    subject: "Costos del día ✓",
    html: "<p>hola</p>",
    messageId: "<run-1.ana@chasqui>",
    headers: { "X-Chasqui-Run": "run-1", traceparent: "00-1-2-01" },
    attachments: [{ filename: "día.csv", content: "a,b\n1,2\n" }],
  });
  const [mail] = smtp.mails();
  expect(mail).toMatchObject({
    envelope: { from: "c@example.com", to: ["ana@x.test", "audit@x.test"] },
    from: '"Chasqui" <c@example.com>',
    to: '"Ana" <ana@x.test>',
    subject: "Costos del día ✓",
    messageId: "<run-1.ana@chasqui>",
    headers: { "x-chasqui-run": "run-1", traceparent: "00-1-2-01" },
    attachments: [{ index: 0, filename: "día.csv", contentType: "text/csv", size: 8 }],
  });
  const full = await get(smtp, `/api/mails/${mail?.id}`);
  expect(full).toMatchObject({ html: "<p>hola</p>", text: "t" });
  const attachment = await fetch(`${smtp.url}/api/mails/${mail?.id}/attachments/0`);
  expect(attachment.headers.get("content-type")).toBe("text/csv");
  expect(await attachment.text()).toBe("a,b\n1,2\n");
});

test("a mail is looked up by its Message-ID, with or without brackets, by recipient and by run", async () => {
  const { smtp, send } = await setup();
  await send({ to: "a@x.test", messageId: "<one@chasqui>" });
  await send({ to: "b@x.test", messageId: "<two@chasqui>", headers: { "X-Chasqui-Run": "run-2" } });
  const found = async (query: string) =>
    listAt(await get(smtp, `/api/mails?${query}`), "mails").map((mail) =>
      textAt(mail, "messageId"),
    );
  expect(await found("messageId=two@chasqui")).toEqual(["<two@chasqui>"]);
  expect(await found(`messageId=${encodeURIComponent("<one@chasqui>")}`)).toEqual([
    "<one@chasqui>",
  ]);
  expect(await found("to=A@x.test")).toEqual(["<one@chasqui>"]);
  expect(await found("run=run-2")).toEqual(["<two@chasqui>"]);
  expect(await found("run=run-1")).toEqual([]);
  expect(await found("messageId=none@chasqui")).toEqual([]);
  expect(listAt(await get(smtp, "/api/mails?full=1"), "mails")[0]).toMatchObject({ text: "t\n" });
});

test("recipients named temp and perm are refused, some of a mail or all", async () => {
  const { smtp, send } = await setup();
  await expect(send({ to: "temp@x.test" })).rejects.toMatchObject({ responseCode: 451 });
  await expect(send({ to: "perm@x.test" })).rejects.toMatchObject({ responseCode: 550 });
  const info = await send({ to: ["ok@x.test", "perm.x@x.test"] });
  expect(info).toMatchObject({ accepted: ["ok@x.test"], rejected: ["perm.x@x.test"] });
  await send({ to: ["permit@x.test", "temporal@x.test"] });
  expect(smtp.mails().map(({ envelope }) => envelope.to)).toEqual([
    ["ok@x.test"],
    ["permit@x.test", "temporal@x.test"],
  ]);
});

test("temp-2 is refused twice and then welcome", async () => {
  const { smtp, send } = await setup();
  const to = "temp-2@x.test";
  await expect(send({ to })).rejects.toMatchObject({ responseCode: 451 });
  await expect(send({ to })).rejects.toMatchObject({ responseCode: 451 });
  await send({ to });
  expect(smtp.mails()).toHaveLength(1);
});

test("down refuses connections; up on the same port takes them again", async () => {
  const { smtp, send } = await setup();
  await smtp.fault({ mode: "down" });
  await expect(send({ to: "a@x.test" })).rejects.toThrow("ECONNREFUSED");
  await fetch(`${smtp.url}/sandbox/faults`, { method: "DELETE" });
  await send({ to: "a@x.test" });
  expect(smtp.mails()).toHaveLength(1);
});

test("drop-after-data keeps the mail and leaves the sender in doubt; drop-before-data does not", async () => {
  const { smtp, send } = await setup();
  await smtp.fault({ mode: "drop-after-data", times: 1 });
  await expect(send({ to: "a@x.test", messageId: "<doubt@c>" })).rejects.toThrow("closed");
  expect(smtp.byMessageId("doubt@c")).toHaveLength(1);
  await smtp.fault({ mode: "drop-before-data", times: 1 });
  await expect(send({ to: "a@x.test", messageId: "<lost@c>" })).rejects.toThrow("closed");
  expect(smtp.byMessageId("lost@c")).toEqual([]);
  await send({ to: "a@x.test", messageId: "<fine@c>" });
  expect(smtp.byMessageId("fine@c")).toHaveLength(1);
});

test("slow answers late; reject refuses the mail itself", async () => {
  const { smtp, send } = await setup();
  const body = JSON.stringify({ mode: "slow", ms: 200, times: 1 });
  await fetch(`${smtp.url}/sandbox/faults`, { method: "POST", body });
  const began = performance.now();
  await send({ to: "a@x.test" });
  expect(performance.now() - began).toBeGreaterThan(195);
  await smtp.fault({ mode: "reject", code: 452, times: 1 });
  await expect(send({ to: "a@x.test" })).rejects.toMatchObject({ responseCode: 452 });
  await expect(smtp.fault({ mode: "sideways" })).rejects.toThrow("want one of up, down");
});

test("mails outlive the catcher, half-written ones do not; ids go on", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "chasqui-smtp-test-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const first = await setup(dataDir);
  await first.send({ to: "a@x.test", subject: "first" });
  await first.smtp.stop();
  writeFileSync(join(dataDir, "mails", "00000002.eml"), "torn");
  writeFileSync(join(dataDir, "mails", "00000002.json"), '{"id":"000');
  const second = await setup(dataDir);
  await second.send({ to: "a@x.test", subject: "second" });
  expect(second.smtp.mails().map(({ id, subject }) => [id, subject])).toEqual([
    ["00000001", "first"],
    ["00000003", "second"],
  ]);
});

test("the viewer shows a mail without trusting it", async () => {
  const { smtp, send } = await setup();
  expect(await (await fetch(smtp.url)).text()).toContain("No mail yet.");
  const stream = await fetch(`${smtp.url}/sandbox/live`);
  await send({
    to: "a@x.test",
    subject: "<script>1</script>",
    html: "<script>alert(1)</script><p>hi</p>",
  });
  const page = await (await fetch(smtp.url)).text();
  expect(page).toContain("&lt;script&gt;1&lt;/script&gt;");
  expect(page).not.toContain("<script>1");
  expect(page).toMatch(/<iframe[^>]*sandbox="allow-popups/);
  const { id = "" } = smtp.mails()[0] ?? {};
  const framed = await fetch(`${smtp.url}/api/mails/${id}/html`);
  expect(framed.headers.get("content-security-policy")).toMatch(/default-src 'none'.*sandbox/);
  const source = await (await fetch(`${smtp.url}/?id=${id}&tab=source`)).text();
  expect(source).toContain("Message-ID: ");
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let heard = "";
  while (!heard.includes("changed")) heard += (await reader?.read())?.value ?? "changed by nothing";
  expect(heard).toContain(`"id":"${id}"`);
  await reader?.cancel();
});

test("taken ports are named, and nothing is left open", async () => {
  const { smtp } = await setup();
  await expect(startSmtp({ port: smtp.port, httpPort: 0 })).rejects.toThrow(
    "CHASQUI_SANDBOX_SMTP_PORT",
  );
  const httpPort = Number(new URL(smtp.url).port);
  await expect(startSmtp({ port: 0, httpPort })).rejects.toThrow("CHASQUI_SANDBOX_MAIL_PORT");
});
