// What a Kubernetes resource means to a wait. Pure.
import { fitted } from "../fit-output.ts";
import type { Json, JsonMap, Seen } from "../wait.ts";
import type { Held } from "./http.ts";

export interface K8sConfig {
  readonly connection: string;
  /** `v1`, `batch/v1`. */
  readonly apiVersion: string;
  /** `Job`. */
  readonly kind: string;
  readonly name: string;
  /** Absent means the connection's. */
  readonly namespace: string | undefined;
  /** `Complete`, or `Ready=False`. */
  readonly condition: string | undefined;
  /** A condition that makes the wait hopeless. */
  readonly failCondition: string | undefined;
  /** CEL over `object`. */
  readonly expect: string | undefined;
  readonly failWhen: string | undefined;
}

export const labelOf = ({ kind, name, namespace }: K8sConfig): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

/** What is waited for, in words. */
export function whatOf(config: K8sConfig): string {
  const { condition, expect } = config;
  const wanted = [condition, expect].filter((one) => one !== undefined);
  return wanted.length === 0
    ? `${labelOf(config)} to be there`
    : `${labelOf(config)} with ${wanted.join(" and ")}`;
}

export function judgeObject(
  config: K8sConfig,
  object: JsonMap,
  { fits, fails }: { readonly fits: Held; readonly fails: Held },
): Seen {
  const { condition, failCondition, failWhen } = config;
  const conditions = conditionsOf(object);
  const label = labelOf(config);
  const hopeless =
    fails === true
      ? `fail_when holds: ${failWhen}`
      : failCondition !== undefined && has(conditions, failCondition)
        ? saidBy(conditions, failCondition)
        : undefined;
  if (hopeless !== undefined)
    return {
      is: "over",
      class: "upstream",
      permanent: false,
      note: `${label}: ${hopeless}`,
      evidence: { conditions },
    };
  const hasCondition = condition === undefined || has(conditions, condition);
  const note = `${label}: ${noteOf(conditions)}`;
  if (hasCondition && (fits === undefined || fits === true))
    return { is: "there", note, output: outputOf(config, object) };
  const why = [fits, fails].filter((held) => typeof held === "string");
  return { is: "not_yet", note: [note, ...why].join("; "), evidence: { conditions } };
}

export const notThere = (config: K8sConfig): Seen => ({
  is: "not_yet",
  note: `${labelOf(config)} is not there`,
});

/** `type` to what is known of it. */
function conditionsOf(object: JsonMap): JsonMap {
  const list = mapOf(object["status"])["conditions"];
  const entries = Array.isArray(list) ? list.map(mapOf) : [];
  return Object.fromEntries(
    entries.flatMap((one) =>
      typeof one["type"] === "string"
        ? [[one["type"], { status: one["status"] ?? "", message: one["message"] ?? "" }]]
        : [],
    ),
  );
}

function has(conditions: JsonMap, wanted: string): boolean {
  const [type = "", status = "True"] = wanted.split("=");
  return mapOf(conditions[type])["status"] === status;
}

function saidBy(conditions: JsonMap, wanted: string): string {
  const message = mapOf(conditions[wanted.split("=")[0] ?? ""])["message"];
  return typeof message === "string" && message !== "" ? `${wanted}: ${message}` : wanted;
}

function noteOf(conditions: JsonMap): string {
  const words = Object.entries(conditions).map(
    ([type, one]) => `${type} is ${String(mapOf(one)["status"])}`,
  );
  return words.length === 0 ? "there, without conditions" : words.join(", ");
}

/** The status alone: what is in an object may be a secret. */
function outputOf({ apiVersion, kind, name }: K8sConfig, object: JsonMap): JsonMap {
  const { namespace = null, uid = null } = mapOf(object["metadata"]);
  const output = { api_version: apiVersion, kind, name, namespace, uid };
  return fitted({ ...output, status: object["status"] ?? null }, "status");
}

const mapOf = (value: Json | undefined): JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
