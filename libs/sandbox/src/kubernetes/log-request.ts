// GET pods/x/log.
import { once } from "node:events";
import { listAt, textAt } from "../web/json.ts";
import type { Kubelet } from "./kubelet.ts";
import { readLog, sinceOf } from "./log-read.ts";
import type { ReadOptions } from "./log-read.ts";
import type { KubeObject } from "./objects.ts";
import type { Reply } from "./reply.ts";
import { badRequest } from "./status-error.ts";

export async function serveLog(
  kubelet: Kubelet,
  pod: KubeObject,
  query: URLSearchParams,
  reply: Reply,
): Promise<void> {
  const container = chosenContainer(pod, query.get("container"));
  const options = parseOptions(query);
  const logs = container.first ? kubelet.logsOf(pod.metadata.uid) : [];
  const log = query.get("previous") === "true" ? logs.at(-2) : logs.at(-1);
  if (container.first && log === undefined) {
    const { name } = pod.metadata;
    if (query.get("previous") === "true") {
      throw badRequest(
        `previous terminated container ${JSON.stringify(container.name)} in pod ${JSON.stringify(name)} not found`,
      );
    }
    const reason =
      textAt(listAt(pod, "status", "containerStatuses")[0], "state", "waiting", "reason") ??
      "no container";
    throw badRequest(
      `container ${JSON.stringify(container.name)} in pod ${JSON.stringify(name)} is waiting to start: ${reason}`,
    );
  }
  const response = reply.stream("text/plain");
  if (log === undefined) {
    response.end();
    return;
  }
  const left = new AbortController();
  response.on("close", () => left.abort());
  for await (const block of readLog(log, options, left.signal)) {
    if (!response.write(block)) {
      await Promise.race([once(response, "drain"), once(response, "close")]);
    }
  }
  response.end();
}

function chosenContainer(pod: KubeObject, asked: string | null): { name: string; first: boolean } {
  const names = listAt(pod, "spec", "containers").map((one) => textAt(one, "name") ?? "");
  const podName = pod.metadata.name;
  if (asked === null || asked === "") {
    if (names.length > 1) {
      throw badRequest(
        `a container name must be specified for pod ${podName}, choose one of: [${names.join(" ")}]`,
      );
    }
    return { name: names[0] ?? "", first: true };
  }
  const index = names.indexOf(asked);
  if (index < 0) throw badRequest(`container ${asked} is not valid for pod ${podName}`);
  return { name: asked, first: index === 0 };
}

function parseOptions(query: URLSearchParams): ReadOptions {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) {
      throw badRequest(`${name} ${JSON.stringify(text)}: want a whole number of at least 0`);
    }
    return value;
  };
  const tailLines = number("tailLines");
  const limitBytes = number("limitBytes");
  const sinceSeconds = number("sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const sinceMs =
    sinceSeconds !== undefined
      ? Date.now() - sinceSeconds * 1_000
      : sinceTime !== null
        ? Date.parse(sinceTime)
        : undefined;
  if (Number.isNaN(sinceMs))
    throw badRequest(`sinceTime ${JSON.stringify(sinceTime)}: want RFC 3339`);
  return {
    follow: query.get("follow") === "true",
    timestamps: query.get("timestamps") === "true",
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceMs === undefined ? {} : { since: sinceOf(sinceMs) }),
  };
}
