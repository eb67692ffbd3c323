// The environment and the command of a container, as a kubelet makes them from a pod's spec.
// A reference to a Secret or ConfigMap that is not there is a ConfigError: the container waits
// (CreateContainerConfigError) until it is.
import { at, listAt, textAt, textsAt } from "../web/json.ts";
import type { KubeObject } from "./objects.ts";
import { CONFIG_MAPS, SECRETS } from "./resources.ts";
import type { Resource } from "./resources.ts";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export type Lookup = (resource: Resource, name: string) => KubeObject | undefined;
type Env = Readonly<Record<string, string>>;

export function containerEnv(pod: KubeObject, container: unknown, lookup: Lookup): Env {
  const env: Record<string, string> = {};
  for (const source of listAt(container, "envFrom")) {
    const prefix = textAt(source, "prefix") ?? "";
    for (const [key, value] of Object.entries(allOf(pod, source, lookup)))
      env[prefix + key] = value;
  }
  for (const entry of listAt(container, "env")) {
    const name = textAt(entry, "name") ?? "";
    const from = at(entry, "valueFrom");
    const value =
      from === undefined ? expand(textAt(entry, "value") ?? "", env) : valueFrom(pod, from, lookup);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

export function containerCommand(container: unknown, env: Env): string[] {
  const words = [...listAt(container, "command"), ...listAt(container, "args")];
  return words.map((word) => expand(String(word), env));
}

/** `$(NAME)` is replaced when NAME is known; `$$` is a literal `$`. */
export function expand(text: string, env: Env): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) => {
    if (whole === "$$") return "$";
    return name !== undefined && Object.hasOwn(env, name) ? (env[name] ?? "") : whole;
  });
}

function allOf(pod: KubeObject, source: unknown, lookup: Lookup): Env {
  const secret = textAt(source, "secretRef", "name");
  if (secret !== undefined) {
    const optional = at(source, "secretRef", "optional") === true;
    return dataOf(pod, { resource: SECRETS, name: secret, optional }, lookup) ?? {};
  }
  const name = textAt(source, "configMapRef", "name") ?? "";
  const optional = at(source, "configMapRef", "optional") === true;
  return dataOf(pod, { resource: CONFIG_MAPS, name, optional }, lookup) ?? {};
}

function valueFrom(pod: KubeObject, from: unknown, lookup: Lookup): string | undefined {
  for (const [kind, resource] of [
    ["secretKeyRef", SECRETS],
    ["configMapKeyRef", CONFIG_MAPS],
  ] as const) {
    const ref = at(from, kind);
    if (ref === undefined) continue;
    const name = textAt(ref, "name") ?? "";
    const key = textAt(ref, "key") ?? "";
    const optional = at(ref, "optional") === true;
    const data = dataOf(pod, { resource, name, optional }, lookup);
    if (data !== undefined && Object.hasOwn(data, key)) return data[key];
    if (optional) return undefined;
    throw new ConfigError(
      `couldn't find key ${key} in ${resource.kind} ${pod.metadata.namespace}/${name}`,
    );
  }
  const fieldPath = textAt(from, "fieldRef", "fieldPath");
  if (fieldPath !== undefined) return fieldValue(pod, fieldPath);
  throw new ConfigError(
    `valueFrom ${JSON.stringify(from)}: this stand-in knows secretKeyRef, configMapKeyRef and fieldRef`,
  );
}

function dataOf(
  pod: KubeObject,
  ref: { resource: Resource; name: string; optional: boolean },
  lookup: Lookup,
): Env | undefined {
  const found = lookup(ref.resource, ref.name);
  if (found === undefined) {
    if (ref.optional) return undefined;
    throw new ConfigError(`${ref.resource.singular} ${JSON.stringify(ref.name)} not found`);
  }
  const data = textsAt(found, "data");
  if (ref.resource !== SECRETS) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      Buffer.from(value, "base64").toString("utf8"),
    ]),
  );
}

function fieldValue(pod: KubeObject, fieldPath: string): string {
  const member = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (member !== null) return textAt(pod, "metadata", member[1] ?? "", member[2] ?? "") ?? "";
  const known =
    /^(metadata\.(name|namespace|uid)|spec\.(nodeName|serviceAccountName)|status\.(podIP|hostIP))$/;
  if (!known.test(fieldPath)) {
    throw new ConfigError(
      `fieldRef ${JSON.stringify(fieldPath)}: not a field of a pod that can be referred to`,
    );
  }
  return textAt(pod, ...fieldPath.split(".")) ?? "127.0.0.1";
}
