// The Table form of objects, which `kubectl get` asks for: the columns people know.
import { at, listAt, numberAt, objectAt, textAt } from "../web/json.ts";
import type { KubeObject } from "./objects.ts";
import type { Resource } from "./resources.ts";

interface Column {
  readonly name: string;
  readonly wide?: boolean;
  cell(object: KubeObject, nowMs: number): string | number;
}

const NAME: Column = { name: "Name", cell: (object) => object.metadata.name };
const AGE: Column = { name: "Age", cell: (o, now) => age(o.metadata.creationTimestamp, now) };
const DATA: Column = { name: "Data", cell: (o) => Object.keys(objectAt(o, "data")).length };
const text = (name: string, ...path: string[]): Column => ({
  name,
  cell: (object) => textAt(object, ...path) ?? "",
});

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  pods: [
    NAME,
    { name: "Ready", cell: readyCount },
    { name: "Status", cell: podReason },
    { name: "Restarts", cell: (pod) => numberAt(firstStatus(pod), "restartCount") ?? 0 },
    AGE,
    { name: "IP", wide: true, cell: (pod) => textAt(pod, "status", "podIP") ?? "<none>" },
    { name: "Node", wide: true, cell: (pod) => textAt(pod, "spec", "nodeName") ?? "<none>" },
  ],
  events: [
    { name: "Last Seen", cell: (o, now) => age(textAt(o, "lastTimestamp") ?? "", now) },
    text("Type", "type"),
    text("Reason", "reason"),
    {
      name: "Object",
      cell: (o) =>
        `${(textAt(o, "involvedObject", "kind") ?? "").toLowerCase()}/${textAt(o, "involvedObject", "name") ?? ""}`,
    },
    text("Message", "message"),
  ],
  secrets: [NAME, text("Type", "type"), DATA, AGE],
  configmaps: [NAME, DATA, AGE],
  namespaces: [NAME, text("Status", "status", "phase"), AGE],
  nodes: [
    NAME,
    { name: "Status", cell: () => "Ready" },
    AGE,
    text("Version", "status", "nodeInfo", "kubeletVersion"),
  ],
};

/** undefined when the client did not ask for a Table. */
export function wantsTable(accept: string | undefined): boolean {
  return /application\/json\s*;[^,]*as=Table/.test(accept ?? "");
}

export function tableOf(
  resource: Resource,
  objects: readonly KubeObject[],
  options: { includeObject: string; metadata: Record<string, unknown>; definitions: boolean },
): unknown {
  const columns = COLUMNS[resource.plural] ?? [NAME, AGE];
  const nowMs = Date.now();
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: options.metadata,
    columnDefinitions: options.definitions
      ? columns.map((column) => ({
          name: column.name,
          type: "string",
          format: column.name === "Name" ? "name" : "",
          description: "",
          priority: column.wide === true ? 1 : 0,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, nowMs)),
      ...rowObject(object, options.includeObject),
    })),
  };
}

function rowObject(object: KubeObject, include: string): { object?: unknown } {
  if (include === "None") return {};
  if (include === "Object") return { object };
  const { metadata } = object;
  return { object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata } };
}

function firstStatus(pod: KubeObject): unknown {
  return listAt(pod, "status", "containerStatuses")[0];
}

function readyCount(pod: KubeObject): string {
  const statuses = listAt(pod, "status", "containerStatuses");
  const ready = statuses.filter((status) => at(status, "ready") === true).length;
  return `${ready}/${listAt(pod, "spec", "containers").length}`;
}

function podReason(pod: KubeObject): string {
  if (textAt(pod, "status", "reason") === "NodeLost") return "Unknown";
  if (pod.metadata.deletionTimestamp !== undefined) return "Terminating";
  const state = objectAt(firstStatus(pod), "state");
  return (
    textAt(pod, "status", "reason") ??
    textAt(state, "waiting", "reason") ??
    textAt(state, "terminated", "reason") ??
    textAt(pod, "status", "phase") ??
    ""
  );
}

/** As kubectl says it: 5s, 3m20s, 4h, 2d. */
function age(since: string, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(since)) / 1_000));
  if (!Number.isFinite(seconds)) return "<unknown>";
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
