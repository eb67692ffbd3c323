// DELETE: preconditions, a pod's grace, and what is answered.
import { numberAt, textAt } from "../web/json.ts";
import { kubeTime } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { isFinished } from "./pod-status.ts";
import { NAMESPACES, PODS, RESOURCES } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { conflict, methodNotAllowed } from "./status-error.ts";
import type { ObjectStore } from "./store.ts";

export interface DeleteRequest {
  readonly resource: Resource;
  readonly query: URLSearchParams;
  /** DeleteOptions, if a body was sent. */
  readonly options: unknown;
}

/** The answer's body. The object is gone or, a pod within its grace, going. */
export function deleteObject(
  store: ObjectStore,
  object: KubeObject,
  request: DeleteRequest,
): unknown {
  const { resource, query, options } = request;
  checkPreconditions(resource, object, options);
  if (query.get("dryRun") === "All") return object;
  if (resource === NAMESPACES) return deleteNamespace(store, object);
  if (resource === PODS) return deletePod(store, object, graceOf(object, query, options));
  const { name, namespace, uid } = object.metadata;
  store.remove(resource, { namespace, name });
  const details = { name, kind: resource.plural, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

function checkPreconditions(resource: Resource, object: KubeObject, options: unknown): void {
  const { name, uid, resourceVersion } = object.metadata;
  const wantedUid = textAt(options, "preconditions", "uid");
  if (wantedUid !== undefined && wantedUid !== uid) {
    const why = `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${uid}`;
    throw conflict(resource.plural, name, why);
  }
  const wantedVersion = textAt(options, "preconditions", "resourceVersion");
  if (wantedVersion !== undefined && wantedVersion !== resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${wantedVersion}, ResourceVersion in object meta: ${resourceVersion}`;
    throw conflict(resource.plural, name, why);
  }
}

function graceOf(pod: KubeObject, query: URLSearchParams, options: unknown): number {
  const asked = query.get("gracePeriodSeconds");
  const grace =
    numberAt(options, "gracePeriodSeconds") ??
    (asked === null ? undefined : Number(asked)) ??
    numberAt(pod, "spec", "terminationGracePeriodSeconds") ??
    30;
  // Nothing runs of a pod that is finished or was never on a node: there is nothing to wait for.
  const nothingRuns = isFinished(pod) || textAt(pod, "spec", "nodeName") === undefined;
  return nothingRuns ? 0 : Math.max(0, grace);
}

function deletePod(store: ObjectStore, pod: KubeObject, graceSeconds: number): KubeObject {
  const { name, namespace, deletionTimestamp } = pod.metadata;
  if (graceSeconds === 0) return store.remove(PODS, { namespace, name }) ?? pod;
  const before = numberAt(pod, "metadata", "deletionGracePeriodSeconds");
  // A second deletion may shorten the grace, never lengthen it.
  if (deletionTimestamp !== undefined && (before ?? 0) <= graceSeconds) return pod;
  return store.put(PODS, {
    ...pod,
    metadata: {
      ...pod.metadata,
      deletionTimestamp: kubeTime(Date.now() + graceSeconds * 1_000),
      deletionGracePeriodSeconds: graceSeconds,
    },
  });
}

/** All that is within goes at once: this cluster has no namespace controller to wait for. */
function deleteNamespace(store: ObjectStore, namespace: KubeObject): KubeObject {
  const { name } = namespace.metadata;
  if (["default", "kube-system"].includes(name)) throw methodNotAllowed();
  for (const resource of RESOURCES.filter((one) => one.namespaced)) {
    for (const object of store.list(resource, name)) {
      store.remove(resource, { namespace: name, name: object.metadata.name });
    }
  }
  store.remove(NAMESPACES, { namespace: undefined, name });
  return { ...namespace, status: { phase: "Terminating" } };
}
