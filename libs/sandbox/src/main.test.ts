// The sandbox as a process: ready line, all stand-ins, and no pod's process left behind.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, podOf } from "./kubernetes/testing.ts";
import { isObject, parseJson, textAt } from "./web/json.ts";

async function startProcess(env: Record<string, string> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "chasqui-sandbox-test-"));
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
    env: { ...process.env, CHASQUI_SANDBOX_DATA_DIR: dataDir, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => (complaint += String(chunk)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  const urls = parseJson(typeof first.value === "string" ? first.value : "");
  return { child, exited, urls, complaint: () => complaint };
}

/** Runs a pod that prints its process id and stays; resolves with that id. */
async function startPod(kubernetes: string): Promise<number> {
  const pods = `${kubernetes}/api/v1/namespaces/default/pods`;
  const script = "console.log(process.pid); setInterval(() => {}, 1e6)";
  const body = JSON.stringify(podOf({ name: "p", script }));
  const headers = { "content-type": "application/json" };
  expect((await fetch(pods, { method: "POST", headers, body })).status).toBe(201);
  let log = "";
  await expect
    .poll(async () => (log = await (await fetch(`${pods}/p/log`)).text()))
    .toMatch(/^\d+\n$/);
  return Number(log);
}

test("one line says where everything is; every stand-in answers there", async () => {
  const { urls } = await startProcess();
  const { kubernetes, kubeconfig, vertex, vertexHttp, slack, slackApi, mail, smtpPort, otlp } =
    isObject(urls) ? urls : {};
  expect(Object.keys(isObject(urls) ? urls : {})[0]).toBe("kubernetes");
  expect(textAt(await (await fetch(`${kubernetes}/version`)).json(), "major")).toBe("1");
  expect(kubeconfig).toMatch(/kubeconfig$/);
  expect(vertex).toMatch(/^127\.0\.0\.1:\d+$/);
  for (const page of [`${slack}/`, `${mail}/`, `${otlp}/`, `${vertexHttp}/sandbox/jobs`]) {
    expect((await fetch(page)).status, page).toBe(200);
  }
  expect(slackApi).toBe(`${slack}/api/`);
  expect(smtpPort).toBeGreaterThan(0);
});

test("SIGTERM ends it with 0 and its pods with it", async () => {
  const { child, exited, urls } = await startProcess();
  const pid = await startPod(textAt(urls, "kubernetes") ?? "");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(isAlive(pid)).toBe(false);
});

test("even SIGKILL leaves no pod's process behind", async () => {
  const { child, exited, urls } = await startProcess();
  const pid = await startPod(textAt(urls, "kubernetes") ?? "");
  expect(isAlive(pid)).toBe(true);
  child.kill("SIGKILL");
  await exited;
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test("when asked to, it ends with its parent", async () => {
  const { child, exited } = await startProcess({ CHASQUI_EXIT_WITH_PARENT: "1" });
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
});

test("a port that is taken, or is none, is one plain line", async () => {
  const first = await startProcess();
  const { port } = new URL(textAt(first.urls, "slack") ?? "");
  const taken = await startProcess({ CHASQUI_SANDBOX_SLACK_PORT: port });
  expect(await taken.exited).toEqual([1, null]);
  expect(taken.complaint()).toBe(
    `port ${port} for Slack is taken: stop what listens on 127.0.0.1:${port}, ` +
      "or set CHASQUI_SANDBOX_SLACK_PORT to another port (0 picks a free one)\n",
  );
  const none = await startProcess({ CHASQUI_SANDBOX_OTLP_PORT: "many" });
  expect(await none.exited).toEqual([1, null]);
  expect(none.complaint()).toBe('CHASQUI_SANDBOX_OTLP_PORT "many": want an integer in 0..65535\n');
});
