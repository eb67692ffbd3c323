// Asks the sandbox's Kubernetes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startKubernetes } from "@chasqui/sandbox";
import { expect, test } from "vitest";
import type { Seen } from "../core/wait.ts";
import { CannotAsk } from "../kinds/kind.ts";
import type { LookAt } from "../kinds/kind.ts";
import { parseK8s } from "../kinds/k8s.ts";
import { testConnections } from "../testing/connections.ts";
import { lookAt } from "../testing/look-at.ts";
import { k8sLooker } from "./look-k8s.ts";

async function setup() {
  const folder = mkdtempSync(path.join(tmpdir(), "chasqui-look-k8s-"));
  const kubernetes = await startKubernetes({ port: 0, dataDir: folder, workDir: folder });
  const looker = k8sLooker(
    testConnections({
      kubernetes: { type: "kubernetes", namespace: "default", server: kubernetes.url },
      away: { type: "kubernetes", namespace: "default", server: "http://127.0.0.1:1" },
    }),
  );
  const post = async (where: string, body: object): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${kubernetes.url}${where}`, init);
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    put: (data: Record<string, string>) =>
      post("/api/v1/namespaces/default/configmaps", {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "routes" },
        data,
      }),
    fault: (fault: object) => post("/sandbox/faults", fault),
    look: (config: object, at: Partial<LookAt> = {}): Promise<Seen> =>
      looker.look(parseK8s({ kind: "ConfigMap", name: "routes", ...config }).of, lookAt(at)),
    async [Symbol.asyncDispose]() {
      await looker.close();
      await kubernetes.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test("C2: a resource that is not there, and then is", async () => {
  await using t = await setup();
  expect(await t.look({})).toEqual({ is: "not_yet", note: "ConfigMap routes is not there" });
  await t.put({ day: "2026-01-02" });
  expect(await t.look({})).toMatchObject({
    is: "there",
    output: { kind: "ConfigMap", name: "routes", namespace: "default" },
  });
});

test("an expression over the whole of it; only its status is left", async () => {
  await using t = await setup();
  await t.put({ day: "2026-01-02" });
  expect(await t.look({ expect: "object.data.day == '2026-01-03'" })).toMatchObject({
    is: "not_yet",
  });
  const seen = await t.look({ expect: "object.data.day == '2026-01-02'" });
  expect(seen).toMatchObject({ is: "there", output: { status: null } });
  expect(await t.look({ fail_when: "has(object.data.day)" })).toMatchObject({ is: "over" });
});

test("C1: what is not in a namespace is found without one", async () => {
  await using t = await setup();
  expect(await t.look({ kind: "Namespace", name: "default" })).toMatchObject({ is: "there" });
});

test.each([
  [{ kind: "Job", api_version: "batch/v9" }, "the API server has no batch/v9"],
  [{ kind: "Cron" }, "v1 has no kind Cron: want one of Pod"],
  [{ connection: "nobody" }, 'no connection "nobody"'],
])("%j is a mistake", async (config, message) => {
  await using t = await setup();
  await expect(t.look(config)).rejects.toThrow(message);
  await expect(t.look(config)).rejects.toBeInstanceOf(CannotAsk);
});

test("who may not read is told so; a server that is ill or away is asked again", async () => {
  await using t = await setup();
  await t.put({});
  const where = { kind: "api", method: "GET", path: "/configmaps", times: 1 };
  await t.fault({ ...where, status: 403 });
  await expect(t.look({})).rejects.toBeInstanceOf(CannotAsk);
  await t.fault({ ...where, status: 500 });
  await expect(t.look({})).rejects.not.toBeInstanceOf(CannotAsk);
  expect(await t.look({})).toMatchObject({ is: "there" });
  await expect(t.look({ connection: "away" })).rejects.not.toBeInstanceOf(CannotAsk);
});

test("a look that takes too long is given up", async () => {
  await using t = await setup();
  await t.put({});
  expect(await t.look({})).toMatchObject({ is: "there" });
  const signal = AbortSignal.abort(new Error("too long"));
  await expect(t.look({}, { signal })).rejects.toThrow("too long");
});
