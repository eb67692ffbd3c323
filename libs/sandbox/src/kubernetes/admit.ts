// From the body of a POST or PUT to the object that is stored: the server's own metadata,
// defaults, and what a client may not change.
import { randomBytes, randomUUID } from "node:crypto";
import { at, isObject, listAt, objectAt, textAt, textsAt } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { isDraft, kubeTime } from "./objects.ts";
import type { Draft, KubeObject, Meta } from "./objects.ts";
import { qosClassOf } from "./pod-status.ts";
import { apiVersionOf, NAMESPACES, PODS, SECRETS } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { badRequest, conflict, invalid } from "./status-error.ts";
import { validateObject } from "./validate.ts";

export interface Place {
  readonly resource: Resource;
  readonly namespace: string | undefined;
}

/** A new object from a POST. */
export function admitNew(place: Place, body: unknown): KubeObject {
  const { resource, namespace } = place;
  const draft = parseDraft(place, body);
  if (draft.metadata["resourceVersion"] !== undefined) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const name = textAt(draft, "metadata", "name") ?? generatedName(draft);
  validateObject(resource, name, draft);
  const metadata: Meta = {
    ...clientMetadata(draft.metadata),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: randomUUID(),
    resourceVersion: "0",
    creationTimestamp: kubeTime(Date.now()),
  };
  const { status: _status, ...sent } = draft; // status is the server's to say
  return withDefaults(resource, { ...sent, ...typeOf(resource), metadata });
}

/** The next state of an object from a PUT or a patch of it. */
export function admitUpdate(place: Place, current: KubeObject, body: unknown): KubeObject {
  const { resource } = place;
  const draft = parseDraft(place, body);
  const { name, uid } = current.metadata;
  const sentName = textAt(draft, "metadata", "name");
  if (sentName !== undefined && sentName !== name) {
    throw badRequest(
      `the name of the object (${sentName}) does not match the name on the URL (${name})`,
    );
  }
  const sentVersion = textAt(draft, "metadata", "resourceVersion");
  if (sentVersion !== undefined && sentVersion !== current.metadata.resourceVersion) {
    const why =
      "the object has been modified; please apply your changes to the latest version and try again";
    throw conflict(resource.plural, name, why);
  }
  const sentUid = textAt(draft, "metadata", "uid");
  if (sentUid !== undefined && sentUid !== uid) {
    const why = `Precondition failed: UID in precondition: ${sentUid}, UID in object meta: ${uid}`;
    throw conflict(resource.plural, name, why);
  }
  validateObject(resource, name, draft);
  const metadata: Meta = { ...clientMetadata(draft.metadata), ...serverMetadata(current.metadata) };
  const next = withDefaults(resource, {
    ...draft,
    ...typeOf(resource),
    metadata,
    ...(current["status"] === undefined ? {} : { status: current["status"] }),
  });
  if (resource === PODS) refuseSpecChange(current, next);
  return next;
}

function parseDraft(place: Place, body: unknown): Draft {
  const { resource, namespace } = place;
  if (!isObject(body)) throw badRequest("the body is not an object: want JSON");
  const draft = body["metadata"] === undefined ? { ...body, metadata: {} } : body;
  if (!isDraft(draft)) throw badRequest("metadata: want an object");
  const { kind, apiVersion } = draft;
  const wanted = { kind: resource.kind, apiVersion: apiVersionOf(resource) };
  if (kind !== undefined && kind !== wanted.kind) {
    throw badRequest(`kind ${JSON.stringify(kind)}: want ${JSON.stringify(wanted.kind)}`);
  }
  if (apiVersion !== undefined && apiVersion !== wanted.apiVersion) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${wanted.apiVersion})`,
    );
  }
  const sentNamespace = draft.metadata["namespace"];
  if (sentNamespace !== undefined && sentNamespace !== "" && sentNamespace !== namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  return draft;
}

const SERVER_OWNED = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
];

function clientMetadata(metadata: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(metadata).filter(([key]) => !SERVER_OWNED.includes(key)),
  );
}

function serverMetadata(metadata: Meta): Meta {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion,
    creationTimestamp,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  };
}

function typeOf(resource: Resource): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind };
}

const SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789";

function generatedName(draft: Draft): string {
  const prefix = textAt(draft, "metadata", "generateName") ?? "";
  if (prefix === "") return "";
  const letters = [...randomBytes(5)].map((byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length]);
  return prefix.slice(0, 58) + letters.join("");
}

function withDefaults(resource: Resource, object: KubeObject): KubeObject {
  if (resource === PODS) return withPodDefaults(object);
  if (resource === SECRETS) return withSecretDefaults(object);
  if (resource === NAMESPACES) {
    return { spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" }, ...object };
  }
  return object;
}

function withPodDefaults(object: KubeObject): KubeObject {
  const spec = objectAt(object, "spec");
  const containers = listAt(spec, "containers").map((container) => ({
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: /:[^/]*$/.test(textAt(container, "image") ?? "") ? "IfNotPresent" : "Always",
    ...objectAt(container),
  }));
  const full = {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    schedulerName: "default-scheduler",
    securityContext: {},
    ...spec,
    containers,
  };
  const status = object["status"] ?? { phase: "Pending", qosClass: qosClassOf(full) };
  return { ...object, spec: full, status };
}

function withSecretDefaults(object: KubeObject): KubeObject {
  const { stringData: _written, ...rest } = object;
  const plain = textsAt(object, "stringData");
  const data: Record<string, string> = textsAt(object, "data");
  for (const [key, value] of Object.entries(plain)) {
    data[key] = Buffer.from(value).toString("base64");
  }
  return { type: "Opaque", ...rest, data };
}

/** A pod's spec stands, but for images, the deadline and what the server filled in. */
function refuseSpecChange(current: KubeObject, next: KubeObject): void {
  const fixed = (pod: KubeObject) => {
    const {
      activeDeadlineSeconds: _deadline,
      nodeName: _node,
      tolerations: _t,
      ...rest
    } = objectAt(pod, "spec");
    const containers = listAt(rest, "containers").map((container) => ({
      ...objectAt(container),
      image: "",
    }));
    return canonical({ ...rest, containers });
  };
  const moved = at(next, "spec", "nodeName") !== at(current, "spec", "nodeName");
  if (!moved && fixed(current) === fixed(next)) return;
  const message =
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, " +
    "`spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations)";
  const name = current.metadata.name;
  throw invalid("Pod", name, [{ reason: "FieldValueForbidden", field: "spec", message }]);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    isObject(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
