// docs/publishing-triggers.md is true: its examples are run as they stand there, with a source's own permissions.
// Those that need a language or a tool of their own must at least say the same.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { applyTopology } from "@chasqui/bus";
import { parseEnvironmentFile } from "@chasqui/chassis";
import { renderAccounts, triggerMessage } from "@chasqui/contracts";
import { connect, headers } from "nats";
import { TestNats } from "../../../tests/support/index.ts";
import { dagOf, world } from "./testing.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const page = await readFile(path.join(root, "docs/publishing-triggers.md"), "utf8");

/** The example below a heading. */
function example(heading: string, language: string): string {
  const section = page.split(/^### /m).find((part) => part.startsWith(heading));
  const [, code] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(section ?? "") ?? [];
  if (code === undefined) throw new Error(`no example in ${language} below "${heading}"`);
  return code;
}

async function run(command: string, args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(command, args, {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 55_000,
  });
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  child.stderr.on("data", (chunk) => (text += String(chunk)));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${text}`);
  return text;
}

const bound = dagOf({
  id: "costs",
  triggers: [
    {
      event: { subject: "logistics.routes.closed", when: "event.data.country == 'CO'" },
      key: "${run.date}",
    },
  ],
});
const PASSWORD = "password-source-logistics"; // as testing.ts gives it

async function outcomeOf(example_: (env: Record<string, string>) => Promise<string>) {
  await using w = await world({ dags: [bound] });
  const port = new URL(w.natsUrl).port;
  const said = await example_({ NATS_URL: w.natsUrl, NATS_PORT: port, NATS_PASSWORD: PASSWORD });
  await expect.poll(() => w.stateMachine.taken.length).toBe(1);
  return { said, start: w.stateMachine.taken[0]?.start };
}

const expected = {
  dagId: "costs",
  key: "2026-11-22",
  by: "logistics routes-2026-11-22",
  logicalMs: Date.parse("2026-11-22T23:40:00Z"),
  eventJson: expect.stringMatching(/"data":\{"country":"CO","routes":312\}/),
};

test("the TypeScript example starts the day's run", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "chasqui-docs-"));
  try {
    const file = path.join(folder, "example.mjs");
    await build({
      stdin: { contents: example("TypeScript", "ts"), resolveDir: root, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      banner: {
        js: "import{createRequire as cr_}from'node:module';const require=cr_(import.meta.url);",
      },
      outfile: file,
      logLevel: "silent",
    });
    const { said, start } = await outcomeOf((env) => run(process.execPath, [file], env));
    expect(said).toBe("stored as number 1\n");
    expect(start).toMatchObject(expected);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the socket example starts the day's run", async () => {
  // Whoever has no nc gets one of five lines; the example itself stays as it is.
  const folder = await mkdtemp(path.join(tmpdir(), "chasqui-docs-"));
  try {
    const nc = path.join(folder, "nc.mjs");
    await writeFile(
      nc,
      `import { connect } from "node:net";
       const [, , , , host, port] = process.argv; // after -w 2
       const socket = connect(Number(port), host);
       process.stdin.pipe(socket, { end: false }); socket.pipe(process.stdout);
       socket.on("data", (data) => { if (String(data).includes("_INBOX")) socket.end(); });`,
    );
    const script = `nc() { "${process.execPath}" "${nc}" "$@"; }\n${example("Nothing but", "sh")}`;
    const { said, start } = await outcomeOf((env) => run("sh", ["-c", script], env));
    expect(said).toMatch(/MSG _INBOX_source-logistics\.1 1\s+\d+\r\n\{"stream":"CHASQUI_TRIGGERS"/);
    expect(start).toMatchObject(expected);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the other examples say the same: subject, headers, login, inbox", () => {
  const examples = [
    example("Python", "python"),
    example("Go", "go"),
    example("The `nats` command line", "sh"),
  ];
  for (const code of examples)
    for (const words of [
      /chasqui\.trigger\.logistics\.routes\.closed/,
      /ce-specversion"?[:,] ?"?1\.0/,
      /ce-id"?[:,] ?"?routes-2026-11-22/,
      /ce-source"?[:,] ?"?logistics/,
      /ce-type"?[:,] ?"?logistics\.routes\.closed/,
      /Nats-Msg-Id"?[:,] ?"?logistics\/routes-2026-11-22/,
      /source-logistics/,
      /_INBOX_source-logistics/,
    ])
      expect(code).toMatch(words);
});

test("a publisher in another account: its triggers are stored and acknowledged, and in no other name", async () => {
  const section = page.split("## In another account")[1] ?? "";
  const [, environment = ""] = /```yaml\n([^]*?)```/.exec(section) ?? [];
  const [, others = ""] = /```conf\n([^]*?)```/.exec(section) ?? [];
  const { accounts } = parseEnvironmentFile("example.yaml", environment);
  const text = renderAccounts({
    account: "prod",
    users: [],
    passwords: {},
    adminPassword: "admin",
    accounts,
  });
  expect(text).toContain("include ./other-accounts.conf");
  const written = others.replace("$FLEET_PASSWORD", "secret");
  await using nats = await TestNats.start({
    accounts: text.replace(
      "include ./other-accounts.conf",
      `${written}\n  STRANGER { users: [{ user: stranger, password: secret }] }`,
    ),
  });
  const installation = { sources: [], runners: {}, accounts };
  await applyTopology({ url: nats.url, user: "admin", password: "admin", installation });
  const as = (user: string) => connect({ servers: nats.url, user, pass: "secret" });
  const {
    subject,
    body,
    headers: ce,
  } = triggerMessage({ source: "fleet", name: "truck.parked", id: "7" });
  const publish = async (user: string, to = subject) => {
    const connection = await as(user);
    try {
      const all = headers();
      for (const [name, value] of Object.entries(ce)) all.set(name, value);
      return await connection.jetstream().publish(to, body, { headers: all, timeout: 20_000 });
    } finally {
      await connection.close();
    }
  };
  expect(await publish("fleet")).toMatchObject({ stream: "CHASQUI_TRIGGERS", seq: 1 });
  expect(await publish("fleet")).toMatchObject({ seq: 1, duplicate: true });
  await expect(publish("stranger")).rejects.toThrow("503");
  await expect(publish("fleet", "chasqui.trigger.logistics.x")).rejects.toThrow("503");
});
