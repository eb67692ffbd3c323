// sensor.k8s: waits until a Kubernetes resource reaches a condition, or is there at all.
import { connectionName, kindConfig, optional, text, withDefault } from "@chasqui/runner";
import { whatOf } from "../core/kinds/k8s.ts";
import type { K8sConfig } from "../core/kinds/k8s.ts";
import { condition as cel, polled, polling } from "./common.ts";
import type { Looker, SensorKind, WaitSpecOf } from "./kind.ts";

const DEFAULT_INTERVAL_MS = 15_000;
const CONDITION = /^[A-Za-z][A-Za-z0-9./_-]{0,250}(=(True|False|Unknown))?$/;
const condition = text({ pattern: CONDITION, want: "a condition like Complete or Ready=False" });

const fields = kindConfig({
  connection: withDefault(connectionName(["kubernetes"]), "kubernetes"),
  api_version: withDefault(
    text({
      pattern: /^([a-z0-9][a-z0-9.-]{0,252}\/)?v[0-9][a-z0-9]{0,30}$/,
      want: "an API version like v1 or batch/v1",
    }),
    "v1",
  ),
  kind: text({ pattern: /^[A-Z][A-Za-z0-9]{0,62}$/, want: "a kind like Job" }),
  name: text({ pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, want: "a resource's name" }),
  namespace: optional(
    text({ pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, want: "a Kubernetes namespace" }),
  ),
  condition: optional(condition),
  fail_condition: optional(condition),
  expect: optional(cel),
  fail_when: optional(cel),
  ...polling,
});

export const k8sSensor = (open: () => Promise<Looker<K8sConfig>>): SensorKind<K8sConfig> => ({
  kind: "sensor.k8s",
  description: "Waits until a Kubernetes resource reaches a condition.",
  parse: parseK8s,
  what: whatOf,
  open,
});

export function parseK8s(value: unknown): WaitSpecOf<K8sConfig> {
  const read = fields.parseConfig(value);
  const { connection, api_version: apiVersion, kind, name, namespace, expect } = read;
  return {
    ...polled(read, { defaultMs: DEFAULT_INTERVAL_MS }),
    of: {
      connection,
      apiVersion,
      kind,
      name,
      namespace,
      condition: read.condition,
      failCondition: read.fail_condition,
      expect,
      failWhen: read.fail_when,
    },
  };
}
