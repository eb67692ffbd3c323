// Watches, line by line as they are on the wire, and once through the real informer.
import { CoreV1Api, makeInformer } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { isObject, textAt } from "../web/json.ts";
import type { TestCluster } from "./testing.ts";
import { startTestCluster } from "./testing.ts";

const namespace = "default";
const hanging = { "sandbox.chasqui.io/behaviour": "hang" };

interface Line {
  readonly type: string;
  readonly name: string | undefined;
  readonly object: Record<string, unknown>;
}

/** The lines of a watch, until the stream ends or enough(line) holds. */
async function watchLines(
  t: TestCluster,
  query: string,
  enough: (line: Line) => boolean = () => false,
): Promise<Line[]> {
  const controller = new AbortController();
  const url = `${t.kube.url}/api/v1/namespaces/default/pods?watch=true&${query}`;
  const response = await fetch(url, { signal: controller.signal });
  const lines: Line[] = [];
  let rest = "";
  try {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const texts = (rest + chunk).split("\n");
      rest = texts.pop() ?? "";
      for (const text of texts) {
        const parsed: unknown = JSON.parse(text);
        const object = isObject(parsed) && isObject(parsed["object"]) ? parsed["object"] : {};
        const type = textAt(parsed, "type") ?? "";
        const line = { type, object, name: textAt(object, "metadata", "name") };
        lines.push(line);
        if (enough(line)) return lines;
      }
    }
    return lines;
  } finally {
    controller.abort();
  }
}

test("a watch tells each change from its version on, and ends with a bookmark", async () => {
  await using t = await startTestCluster();
  const list = await t.core.listNamespacedPod({ namespace });
  await t.createPod({ name: "p" });
  await t.finished("p");
  await t.core.deleteNamespacedPod({ namespace, name: "p" });
  const from = `resourceVersion=${list.metadata?.resourceVersion}`;
  const lines = await watchLines(t, `${from}&allowWatchBookmarks=true&timeoutSeconds=1`);
  const story = lines.map(
    ({ type, object }) => `${type} ${textAt(object, "status", "phase") ?? ""}`,
  );
  expect(story).toEqual([
    "ADDED Pending",
    "MODIFIED Pending",
    "MODIFIED Running",
    "MODIFIED Succeeded",
    "DELETED Succeeded",
    "BOOKMARK ",
  ]);
  const versions = lines.map(({ object }) => Number(textAt(object, "metadata", "resourceVersion")));
  expect(versions.slice(0, 5)).toEqual(versions.slice(0, 5).toSorted((a, b) => a - b));
  expect(new Set(versions.slice(0, 5)).size).toBe(5);
});

test("a watch without a version begins with what there is", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "a", annotations: hanging });
  const lines = await watchLines(t, "", () => true);
  expect(lines.map(({ type, name }) => [type, name])).toEqual([["ADDED", "a"]]);
});

test("with a selector, entering the view is ADDED and leaving it DELETED", async () => {
  await using t = await startTestCluster();
  const { metadata } = await t.core.listNamespacedPod({ namespace });
  await t.createPod({ name: "p" });
  await t.finished("p");
  const query = `resourceVersion=${metadata?.resourceVersion}&fieldSelector=status.phase%3DRunning`;
  const lines = await watchLines(t, query, ({ type }) => type === "DELETED");
  expect(lines.map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
});

test("a version whose history is gone is one ERROR 410, then the end", async () => {
  await using t = await startTestCluster();
  const list = await t.core.listNamespacedPod({ namespace });
  await t.createPod({ name: "p", annotations: hanging });
  t.kube.fault({ kind: "compact" });
  const lines = await watchLines(t, `resourceVersion=${list.metadata?.resourceVersion}`);
  expect(lines).toMatchObject([
    { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } },
  ]);
});

test("an informer goes on after its connection was cut and its version forgotten", async () => {
  await using t = await startTestCluster();
  const core = t.config.makeApiClient(CoreV1Api);
  const list = () => core.listNamespacedPod({ namespace });
  const informer = makeInformer(t.config, `/api/v1/namespaces/${namespace}/pods`, list);
  const seen = new Set<string>();
  informer.on("add", (pod) => seen.add(pod.metadata?.name ?? ""));
  let isOver = false;
  const again = (): void => void (isOver || informer.start().catch(() => setTimeout(again, 10)));
  informer.on("error", () => void setTimeout(again, 10));
  await informer.start();
  await t.createPod({ name: "a", annotations: hanging });
  await expect.poll(() => seen).toContain("a");
  t.kube.fault({ kind: "compact" });
  const cut = t.core.listNamespacedPod({ namespace, timeoutSeconds: 1 });
  t.kube.fault({ kind: "cut" });
  await cut.catch(() => undefined); // its connection may be among those that are cut
  await t.createPod({ name: "b", annotations: hanging });
  await expect.poll(() => seen).toContain("b");
  isOver = true;
  await informer.stop();
});
