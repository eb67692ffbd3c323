// Pods through the real client: what runs, what it sees, how it ends.
import { expect, test } from "vitest";
import { isAlive, startTestCluster } from "./testing.ts";

test("the command of the first container really runs, and its end is the pod's", async () => {
  await using t = await startTestCluster();
  const created = await t.createPod({ name: "ok", script: "console.log('hello', process.cwd())" });
  expect(created.status?.phase).toBe("Pending");
  const pod = await t.finished("ok");
  expect(pod.status?.phase).toBe("Succeeded");
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
  expect(ended).toMatchObject({ exitCode: 0, reason: "Completed" });
  expect(pod.spec?.nodeName).toBe("sandbox-node");
  const log = await t.core.readNamespacedPodLog({ namespace: "default", name: "ok" });
  expect(log).toBe(`hello ${process.cwd()}\n`);
});

test("a failing command fails the pod with its exit code and its message", async () => {
  await using t = await startTestCluster();
  const script =
    "require('fs').writeFileSync(process.env.TERMINATION_LOG, 'x'.repeat(5000)); process.exit(3)";
  await t.createPod({ name: "bad", script });
  const pod = await t.finished("bad");
  expect(pod.status?.phase).toBe("Failed");
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
  expect(ended).toMatchObject({ exitCode: 3, reason: "Error", message: "x".repeat(4096) });
});

test("an env value that names the message path names the real file", async () => {
  await using t = await startTestCluster();
  const script = "require('fs').writeFileSync(process.env.CHASQUI_OUTPUT, '{}')";
  const path = "/dev/termination-log";
  await t.createPod({
    name: "ok",
    script,
    container: {
      terminationMessagePath: path,
      env: [{ name: "CHASQUI_OUTPUT", value: path }],
    },
  });
  const pod = await t.finished("ok");
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
  expect(ended).toMatchObject({ exitCode: 0, message: "{}" });
});

test("a failing command without a message falls back to its log when the pod says so", async () => {
  await using t = await startTestCluster();
  await t.createPod({
    name: "bad",
    script: "console.error('the cause'); process.exit(1)",
    container: { terminationMessagePolicy: "FallbackToLogsOnError" },
  });
  const pod = await t.finished("bad");
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
  expect(ended?.message).toBe("the cause\n");
});

test("env comes from values, Secrets, ConfigMaps and fields, and nothing of this machine's", async () => {
  await using t = await startTestCluster();
  process.env["SANDBOX_TEST_SECRET_OF_THE_HOST"] = "leak";
  const namespace = "default";
  const secret = { metadata: { name: "warehouse" }, stringData: { password: "p$1" } };
  await t.core.createNamespacedSecret({ namespace, body: secret });
  const config = { metadata: { name: "settings" }, data: { region: "andes" } };
  await t.core.createNamespacedConfigMap({ namespace, body: config });
  const names = ["A", "B", "PASSWORD", "REGION", "NAME", "NONE", "X_region"];
  await t.createPod({
    name: "env",
    script: `console.log(JSON.stringify([${JSON.stringify(names)}.map((n) => process.env[n] ?? null), process.env.SANDBOX_TEST_SECRET_OF_THE_HOST ?? null, process.argv.slice(1)]))`,
    container: {
      args: ["--", "$(A)-$(MISSING)-$$(A)"],
      envFrom: [{ prefix: "X_", configMapRef: { name: "settings" } }],
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "$(A)2" },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "warehouse", key: "password" } } },
        { name: "REGION", valueFrom: { configMapKeyRef: { name: "settings", key: "region" } } },
        { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        {
          name: "NONE",
          valueFrom: { secretKeyRef: { name: "no-such", key: "k", optional: true } },
        },
      ],
    },
  });
  await t.finished("env");
  const log = await t.core.readNamespacedPodLog({ namespace, name: "env" });
  expect(JSON.parse(log)).toEqual([
    ["1", "12", "p$1", "andes", "env", null, "andes"],
    null,
    ["1-$(MISSING)-$(A)"],
  ]);
  delete process.env["SANDBOX_TEST_SECRET_OF_THE_HOST"];
});

test("a pod waits for a Secret that is not there, and runs once it is", async () => {
  await using t = await startTestCluster();
  const valueFrom = { secretKeyRef: { name: "late", key: "k" } };
  const container = { env: [{ name: "K", valueFrom }] };
  await t.createPod({ name: "waits", script: "console.log(process.env.K)", container });
  const waiting = await t.podWhen(
    "waits",
    (pod) =>
      pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === "CreateContainerConfigError",
  );
  expect(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
    'secret "late" not found',
  );
  const body = { metadata: { name: "late" }, stringData: { k: "here" } };
  await t.core.createNamespacedSecret({ namespace: "default", body });
  expect((await t.finished("waits")).status?.phase).toBe("Succeeded");
});

test("deleting sends TERM, waits, and shows the end before the pod is gone", async () => {
  await using t = await startTestCluster();
  const script =
    "process.on('SIGTERM', () => process.exit(7)); console.log('up'); setInterval(() => {}, 1e6)";
  await t.createPod({ name: "polite", script });
  await firstLine(t, "polite");
  const answer = await t.core.deleteNamespacedPod({ namespace: "default", name: "polite" });
  expect(answer.metadata?.deletionTimestamp).toBeInstanceOf(Date);
  const ended = await t.podWhen("polite", (pod) => pod.status?.phase === "Failed", answer);
  expect(ended.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(7);
});

test("a process that ignores TERM is killed after the grace; grace 0 kills and removes at once", async () => {
  await using t = await startTestCluster();
  const script =
    "process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1e6)";
  await t.createPod({ name: "deaf", script });
  await t.createPod({ name: "deaf2", script });
  await firstLine(t, "deaf");
  const pid = Number(await firstLine(t, "deaf2"));
  const namespace = "default";
  const told = await t.core.deleteNamespacedPod({ namespace, name: "deaf", gracePeriodSeconds: 1 });
  const ended = await t.podWhen("deaf", (pod) => pod.status?.phase === "Failed", told);
  expect(ended.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
  await t.core.deleteNamespacedPod({ namespace, name: "deaf2", gracePeriodSeconds: 0 });
  await expect(t.core.readNamespacedPod({ namespace, name: "deaf2" })).rejects.toMatchObject({
    code: 404,
  });
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test("activeDeadlineSeconds ends a pod that runs, and one that cannot start", async () => {
  await using t = await startTestCluster();
  const spec = { activeDeadlineSeconds: 1 };
  await t.createPod({ name: "slow", script: "setInterval(() => {}, 1e6)", spec });
  const annotations = { "sandbox.chasqui.io/behaviour": "image-pull" };
  await t.createPod({ name: "stuck", annotations, spec });
  const slow = await t.finished("slow");
  expect(slow.status).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
  expect(slow.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143);
  expect((await t.finished("stuck")).status?.reason).toBe("DeadlineExceeded");
});

test("a command that does not exist, and no command at all, are start errors that say so", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "absent", command: ["no-such-program-here"] });
  await t.createPod({ name: "none", command: [] });
  const absent = (await t.finished("absent")).status?.containerStatuses?.[0]?.state?.terminated;
  expect(absent).toMatchObject({ exitCode: 128, reason: "StartError" });
  expect(absent?.message).toContain("no-such-program-here");
  const none = (await t.finished("none")).status?.containerStatuses?.[0]?.state?.terminated;
  expect(none?.message).toContain("this cluster runs commands, not images");
});

test("restartPolicy OnFailure starts the container again and counts", async () => {
  await using t = await startTestCluster({ restartBackoffMs: 1 });
  const script =
    "const fs=require('fs');const f=process.env.MARK;if(!fs.existsSync(f)){fs.writeFileSync(f,'');console.log('first');process.exit(1)}console.log('second')";
  const mark = `${t.kube.kubeconfigPath}.mark`;
  const container = { env: [{ name: "MARK", value: mark }] };
  await t.createPod({ name: "again", script, container, spec: { restartPolicy: "OnFailure" } });
  const pod = await t.finished("again");
  expect(pod.status?.phase).toBe("Succeeded");
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    lastState: { terminated: { exitCode: 1 } },
  });
  expect(await (await t.log("again", "previous=true")).text()).toBe("first\n");
  expect(await (await t.log("again")).text()).toBe("second\n");
});

test("above podsMax pods wait on the scheduler, in order", async () => {
  await using t = await startTestCluster({ podsMax: 1 });
  await t.createPod({ name: "a", script: "setInterval(() => {}, 1e6)" });
  await t.createPod({ name: "b" });
  const waiting = await t.podWhen("b", (pod) => pod.status?.conditions?.[0]?.status === "False");
  expect(waiting.status?.conditions?.[0]).toMatchObject({
    type: "PodScheduled",
    reason: "Unschedulable",
    message: "0/1 nodes are available: 1 Too many pods.",
  });
  await t.core.deleteNamespacedPod({ namespace: "default", name: "a", gracePeriodSeconds: 0 });
  expect((await t.finished("b")).status?.phase).toBe("Succeeded");
});

test("what a pod started dies with it, and everything dies with the stand-in", async () => {
  await using t = await startTestCluster();
  const child =
    "const c=require('child_process').spawn(process.execPath,['-e','setInterval(()=>{},1e6)'],{stdio:'ignore'});";
  await t.createPod({ name: "parent", script: `${child}console.log(c.pid);c.unref()` });
  await t.finished("parent");
  const orphan = Number(await (await t.log("parent")).text());
  await expect.poll(() => isAlive(orphan)).toBe(false);
  await t.createPod({ name: "stays", script: "console.log(process.pid);setInterval(()=>{},1e6)" });
  const pid = Number(await firstLine(t, "stays"));
  expect(isAlive(pid)).toBe(true);
  await t.kube.stop();
  expect(isAlive(pid)).toBe(false);
});

async function firstLine(t: Awaited<ReturnType<typeof startTestCluster>>, name: string) {
  await t.podWhen(name, (pod) => pod.status?.phase === "Running");
  const controller = new AbortController();
  const response = await t.log(name, "follow=true", controller.signal);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader?.read();
  controller.abort();
  return first?.value ?? "";
}
