// labelSelector and fieldSelector, parsed once into predicates.
import { textAt } from "../web/json.ts";
import { labelsOf } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import type { Resource } from "./resources.ts";
import { badRequest } from "./status-error.ts";

export type Matcher = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type LabelMatcher = (labels: Labels) => boolean;

const SET_TERM = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/;
const EQUAL_TERM = /^([^\s=!]+)\s*(=|==|!=)\s*([^\s=!]*)$/;

export function parseLabelSelector(text: string): LabelMatcher {
  // A comma within parentheses belongs to a set.
  const terms = text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");
  const matchers = terms.map(parseLabelTerm);
  return (labels) => matchers.every((matches) => matches(labels));
}

function parseLabelTerm(term: string): LabelMatcher {
  const set = SET_TERM.exec(term);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    if (operator === "in") return (labels) => values.has(labels[key] ?? "\0");
    return (labels) => !values.has(labels[key] ?? "\0");
  }
  const equal = EQUAL_TERM.exec(term);
  if (equal !== null) {
    const [, key = "", operator, value = ""] = equal;
    if (operator === "!=") return (labels) => labels[key] !== value;
    return (labels) => labels[key] === value;
  }
  if (/^!\s*[^\s=!,]+$/.test(term)) {
    const key = term.slice(1).trim();
    return (labels) => !Object.hasOwn(labels, key);
  }
  if (/^[^\s=!,()]+$/.test(term)) return (labels) => Object.hasOwn(labels, term);
  throw badRequest(`unable to parse requirement: ${JSON.stringify(term)}`);
}

const META_FIELDS: readonly string[] = ["metadata.name", "metadata.namespace"];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "status.phase"],
  events: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  secrets: ["type"],
  namespaces: ["status.phase"],
  nodes: ["spec.unschedulable"],
};

export function parseFieldSelector(text: string, resource: Resource): Matcher {
  const known = [...META_FIELDS, ...(FIELDS[resource.plural] ?? [])];
  const terms = text.split(",").filter((term) => term.trim() !== "");
  const matchers = terms.map((term) => {
    const equal = EQUAL_TERM.exec(term.trim());
    if (equal === null) throw badRequest(`invalid selector: ${JSON.stringify(term)}`);
    const [, field = "", operator, value = ""] = equal;
    if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
    const path = field === "source" ? ["source", "component"] : field.split(".");
    return (object: KubeObject) =>
      ((textAt(object, ...path) ?? "") === value) === (operator !== "!=");
  });
  return (object) => matchers.every((matches) => matches(object));
}

export function parseSelectors(query: URLSearchParams, resource: Resource): Matcher {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "", resource);
  return (object) => labels(labelsOf(object)) && fields(object);
}
