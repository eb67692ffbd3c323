// Unknown fields and wrong types of Kubernetes manifests, by the field tables that the client library carries.
import * as client from "@kubernetes/client-node";
import { isTree } from "./manifests.ts";

/** apiVersion and kind → the library's class. */
const classes: Readonly<Record<string, string>> = {
  "apps/v1 Deployment": "V1Deployment",
  "apps/v1 StatefulSet": "V1StatefulSet",
  "batch/v1 Job": "V1Job",
  "networking.k8s.io/v1 NetworkPolicy": "V1NetworkPolicy",
  "policy/v1 PodDisruptionBudget": "V1PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1 Role": "V1Role",
  "rbac.authorization.k8s.io/v1 RoleBinding": "V1RoleBinding",
  "v1 ConfigMap": "V1ConfigMap",
  "v1 Namespace": "V1Namespace",
  "v1 Service": "V1Service",
  "v1 ServiceAccount": "V1ServiceAccount",
};

/** What is wrong with a manifest, one line each. */
export function fieldFindings(manifest: unknown): string[] {
  const name = isTree(manifest)
    ? `${String(manifest["apiVersion"])} ${String(manifest["kind"])}`
    : "no mapping";
  const type = classes[name];
  if (type === undefined) return [`${name}: a kind that nobody checks`];
  const found: string[] = [];
  check(type, manifest, name, found);
  return found;
}

function check(type: string, value: unknown, where: string, found: string[]): void {
  if (value === undefined || value === null) return;
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list !== undefined) {
    if (!Array.isArray(value)) found.push(`${where}: want a list`);
    else value.forEach((item, index) => check(list, item, `${where}[${index}]`, found));
    return;
  }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) {
    if (!isTree(value)) found.push(`${where}: want a mapping`);
    else
      for (const [key, item] of Object.entries(value)) check(map, item, `${where}.${key}`, found);
    return;
  }
  if (type === "string" || type === "number" || type === "boolean") {
    if (typeof value !== type) found.push(`${where}: want a ${type}, not ${JSON.stringify(value)}`);
    return;
  }
  checkObject(type, value, where, found);
}

function checkObject(type: string, value: unknown, where: string, found: string[]): void {
  const fields = fieldsOf(type);
  if (fields === undefined) return; // an int-or-string, a date
  if (!isTree(value)) return void found.push(`${where}: want a ${type}`);
  for (const [key, item] of Object.entries(value)) {
    const field = fields.get(key);
    if (field === undefined) found.push(`${where}.${key}: unknown field of ${type}`);
    else check(field, item, `${where}.${key}`, found);
  }
}

interface Field {
  readonly baseName: string;
  readonly type: string;
}

function fieldsOf(type: string): ReadonlyMap<string, string> | undefined {
  const found: unknown = Reflect.get(client, type);
  if (typeof found !== "function" || !("getAttributeTypeMap" in found)) return undefined;
  const list = found.getAttributeTypeMap;
  if (typeof list !== "function") return undefined;
  const fields: readonly Field[] = list.call(found);
  return new Map(fields.map(({ baseName, type: of }) => [baseName, of]));
}
