// What the real API server refuses, as far as our clients can get it wrong: names, labels,
// and the shape of pods, secrets and config maps.
import { at, isObject, listAt, textAt } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { CONFIG_MAPS, NAMESPACES, PODS, SECRETS } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { invalid } from "./status-error.ts";
import type { StatusCause } from "./status-error.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const ANNOTATION_BYTES_MAX = 262_144;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
  "and must start and end with an alphanumeric character";
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
  "and must start and end with an alphanumeric character";

function bad(field: string, value: unknown, why: string): StatusCause {
  const reason = "FieldValueInvalid";
  return { reason, field, message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}` };
}

function required(field: string, why = ""): StatusCause {
  const message = why === "" ? "Required value" : `Required value: ${why}`;
  return { reason: "FieldValueRequired", field, message };
}

/** Throws 422 with every cause at once. */
export function validateObject(resource: Resource, name: string, draft: JsonObject): void {
  const causes = [...nameCauses(resource, name), ...metadataCauses(draft)];
  if (resource === PODS) causes.push(...podCauses(draft));
  if (resource === SECRETS) causes.push(...dataCauses(draft, { base64: true }));
  if (resource === CONFIG_MAPS) causes.push(...dataCauses(draft, { base64: false }));
  if (causes.length > 0) throw invalid(resource.kind, name, causes);
}

function nameCauses(resource: Resource, name: string): StatusCause[] {
  if (name === "") return [required("metadata.name", "name or generateName is required")];
  if (resource === NAMESPACES) {
    return LABEL.test(name) ? [] : [bad("metadata.name", name, LABEL_RULE)];
  }
  if (name.length > 253) {
    return [bad("metadata.name", name, "must be no more than 253 characters")];
  }
  return SUBDOMAIN.test(name) ? [] : [bad("metadata.name", name, SUBDOMAIN_RULE)];
}

function isQualifiedName(key: string): boolean {
  const [first = "", second, ...more] = key.split("/");
  if (more.length > 0) return false;
  if (second === undefined) return QUALIFIED_NAME.test(first);
  return first.length <= 253 && SUBDOMAIN.test(first) && QUALIFIED_NAME.test(second);
}

function metadataCauses(draft: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [key, value] of Object.entries(mapAt(draft, "metadata", "labels"))) {
    const field = "metadata.labels";
    if (!isQualifiedName(key)) causes.push(bad(field, key, "want [prefix/]name of at most 63"));
    if (typeof value !== "string" || !LABEL_VALUE.test(value)) {
      const why =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " +
        "'.', must start and end with an alphanumeric character, and have no more than 63 characters";
      causes.push(bad(field, value, why));
    }
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(mapAt(draft, "metadata", "annotations"))) {
    const field = "metadata.annotations";
    if (!isQualifiedName(key.toLowerCase())) causes.push(bad(field, key, "want [prefix/]name"));
    if (typeof value !== "string") causes.push(bad(field, value, "want a string"));
    else bytes += key.length + Buffer.byteLength(value);
  }
  if (bytes > ANNOTATION_BYTES_MAX) {
    const message = `Too long: may not be more than ${ANNOTATION_BYTES_MAX} bytes`;
    causes.push({ reason: "FieldValueTooLong", field: "metadata.annotations", message });
  }
  return causes;
}

function mapAt(draft: JsonObject, ...path: string[]): JsonObject {
  const found = at(draft, ...path);
  return isObject(found) ? found : {};
}

function podCauses(draft: JsonObject): StatusCause[] {
  const containers = listAt(draft, "spec", "containers");
  if (containers.length === 0) return [required("spec.containers")];
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  containers.forEach((container, index) => {
    const field = `spec.containers[${index}]`;
    const name = textAt(container, "name") ?? "";
    if (name === "") causes.push(required(`${field}.name`));
    else if (!LABEL.test(name)) causes.push(bad(`${field}.name`, name, LABEL_RULE));
    else if (names.has(name)) {
      const message = `Duplicate value: ${JSON.stringify(name)}`;
      causes.push({ reason: "FieldValueDuplicate", field: `${field}.name`, message });
    }
    names.add(name);
    if ((textAt(container, "image") ?? "") === "") causes.push(required(`${field}.image`));
    causes.push(...envCauses(container, field), ...commandCauses(container, field));
  });
  const policy = at(draft, "spec", "restartPolicy");
  if (policy !== undefined && !["Always", "OnFailure", "Never"].includes(String(policy))) {
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Always", "Never", "OnFailure"`;
    causes.push({ reason: "FieldValueNotSupported", field: "spec.restartPolicy", message });
  }
  causes.push(...secondsCauses(draft));
  return causes;
}

function secondsCauses(draft: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [name, least] of [
    ["activeDeadlineSeconds", 1],
    ["terminationGracePeriodSeconds", 0],
  ] as const) {
    const value = at(draft, "spec", name);
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least) {
      causes.push(bad(`spec.${name}`, value, `must be an integer of at least ${least}`));
    }
  }
  return causes;
}

function commandCauses(container: unknown, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const part of ["command", "args"]) {
    const value = at(container, part);
    if (value === undefined) continue;
    if (!Array.isArray(value) || value.some((word) => typeof word !== "string")) {
      causes.push(bad(`${field}.${part}`, value, "want a list of strings"));
    }
  }
  return causes;
}

function envCauses(container: unknown, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  listAt(container, "env").forEach((entry, index) => {
    const here = `${field}.env[${index}]`;
    const name = textAt(entry, "name") ?? "";
    if (name === "") causes.push(required(`${here}.name`));
    else if (!ENV_NAME.test(name)) {
      causes.push(bad(`${here}.name`, name, "a valid environment variable name is wanted"));
    }
    const value = at(entry, "value");
    if (value !== undefined && typeof value !== "string") {
      causes.push(bad(`${here}.value`, value, "want a string"));
    }
    if (at(entry, "valueFrom") !== undefined && (value ?? "") !== "") {
      const why = "may not be specified when `value` is not empty";
      causes.push(bad(`${here}.valueFrom`, "", why));
    }
  });
  return causes;
}

function dataCauses(draft: JsonObject, rule: { base64: boolean }): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [key, value] of Object.entries(mapAt(draft, "data"))) {
    const field = `data[${key}]`;
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) {
      causes.push(bad(field, key, "a valid config key is wanted"));
    }
    if (typeof value !== "string") causes.push(bad(field, value, "want a string"));
    else if (rule.base64 && !BASE64.test(value)) {
      causes.push(bad(field, "<value>", "illegal base64 data"));
    }
  }
  return causes;
}
