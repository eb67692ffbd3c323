// PATCH bodies: merge patch (RFC 7396), JSON patch (RFC 6902), and the strategic merge patch of
// kubectl as far as it means the same as a merge patch (no lists of objects).
import { isObject } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import type { KubeObject } from "./objects.ts";
import { badRequest, StatusError, unsupportedMedia } from "./status-error.ts";

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

export function applyPatch(current: KubeObject, contentType: string, patch: unknown): unknown {
  switch (contentType.split(";")[0]?.trim()) {
    case MERGE:
      return mergePatch(current, patch);
    case STRATEGIC:
      if (hasObjectList(patch)) {
        throw unsupportedMedia(
          `${STRATEGIC} with a list of objects`,
          `${MERGE}, ${JSON_PATCH}: this stand-in knows no merge keys`,
        );
      }
      return mergePatch(current, patch);
    case JSON_PATCH:
      return jsonPatch(current, patch);
    default:
      throw unsupportedMedia(contentType, `${JSON_PATCH}, ${MERGE}, ${STRATEGIC}`);
  }
}

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function hasObjectList(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isObject);
  return isObject(value) && Object.values(value).some(hasObjectList);
}

function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is a list of operations");
  const document: unknown = structuredClone(target);
  for (const operation of patch) applyOperation(document, operation);
  return document;
}

function applyOperation(document: unknown, operation: unknown): void {
  if (!isObject(operation)) throw badRequest(`JSON patch: ${JSON.stringify(operation)}`);
  const path = typeof operation["path"] === "string" ? operation["path"] : "";
  const steps = path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop();
  if (last === undefined) throw badRequest("JSON patch: the path of an operation is empty");
  let parent: unknown = document;
  for (const step of steps) parent = memberOf(parent, step);
  const fail = (why: string) =>
    new StatusError(422, "Invalid", `the server rejected our request: ${path}: ${why}`);
  const exists = memberOf(parent, last) !== undefined;
  switch (operation["op"]) {
    case "test":
      if (JSON.stringify(memberOf(parent, last)) !== JSON.stringify(operation["value"])) {
        throw fail("testing value failed");
      }
      return;
    case "add":
      return setMember(parent, last, operation["value"], { insert: true }, fail);
    case "replace":
      if (!exists) throw fail("replace: missing");
      return setMember(parent, last, operation["value"], { insert: false }, fail);
    case "remove":
      if (!exists) throw fail("remove: missing");
      if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else if (isObject(parent)) delete parent[last];
      return;
    default:
      throw badRequest(
        `JSON patch operation ${JSON.stringify(operation["op"])}: want add, replace, remove or test`,
      );
  }
}

function memberOf(parent: unknown, step: string): unknown {
  if (Array.isArray(parent)) return parent[Number(step)];
  return isObject(parent) && Object.hasOwn(parent, step) ? parent[step] : undefined;
}

function setMember(
  parent: unknown,
  step: string,
  value: unknown,
  how: { insert: boolean },
  fail: (why: string) => StatusError,
): void {
  if (Array.isArray(parent)) {
    const index = step === "-" ? parent.length : Number(step);
    parent.splice(index, how.insert ? 0 : 1, value);
  } else if (isObject(parent)) parent[step] = value;
  else throw fail("its parent is missing");
}
