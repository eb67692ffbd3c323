// kubectl as an independent client: what passes here is not only what we and client-node agree on.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startTestCluster } from "./testing.ts";
import type { TestCluster } from "./testing.ts";

const run = promisify(execFile);
const present = (process.env["PATH"] ?? "")
  .split(delimiter)
  .some((folder) => existsSync(join(folder, "kubectl")));

async function kubectl(t: TestCluster, ...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: t.kube.kubeconfigPath };
  const { stdout } = await run("kubectl", args, { env, timeout: 50_000 });
  return stdout;
}

test.skipIf(!present)(
  "kubectl sees, follows and deletes pods (skipped without kubectl)",
  async () => {
    await using t = await startTestCluster();
    expect(await kubectl(t, "version")).toContain("Server Version: v1.32.0+chasqui-sandbox");
    const command = [
      "run",
      "hello",
      "--image=x:1",
      "--restart=Never",
      "--labels=app=h",
      "--command",
    ];
    await kubectl(t, ...command, "--", "node", "-e", "console.log('hi from kubectl')");
    await kubectl(
      t,
      "wait",
      "pod/hello",
      "--for=jsonpath={.status.phase}=Succeeded",
      "--timeout=50s",
    );
    expect(await kubectl(t, "logs", "-f", "hello")).toBe("hi from kubectl\n");
    const table = await kubectl(t, "get", "pods", "-l", "app=h");
    expect(table).toMatch(/NAME +READY +STATUS +RESTARTS +AGE\nhello +0\/1 +Completed +0 +\d+s\n/);
    const described = await kubectl(t, "describe", "pod", "hello");
    expect(described).toMatch(/Exit Code: +0/);
    expect(described).toMatch(/Scheduled .*Successfully assigned default\/hello to sandbox-node/);
    await kubectl(t, "annotate", "pod", "hello", "note=seen");
    const note = await kubectl(
      t,
      "get",
      "pod",
      "hello",
      "-o",
      "jsonpath={.metadata.annotations.note}",
    );
    expect(note).toBe("seen");
    expect(await kubectl(t, "get", "events")).toContain("Started container hello");
    await kubectl(t, "delete", "pod", "hello");
    await expect(kubectl(t, "get", "pod", "hello")).rejects.toThrow('pods "hello" not found');
  },
);
