// What the API server stores: JSON objects with metadata. The server owns part of the metadata
// (uid, resourceVersion, times); the rest is kept as it was sent.
// Invariant: a stored object is never changed in place; a write stores a new one.
import { isObject } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly [field: string]: unknown;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
  readonly spec?: JsonObject;
  readonly [field: string]: unknown;
}

/** The body of a write, before the server has put its own metadata in. */
export interface Draft {
  readonly metadata: JsonObject;
  readonly [field: string]: unknown;
}

export function isDraft(body: unknown): body is Draft {
  return isObject(body) && isObject(body["metadata"]);
}

/** metav1.Time: whole seconds, as Go prints them. */
export function kubeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function labelsOf(object: KubeObject): Readonly<Record<string, string>> {
  return object.metadata.labels ?? {};
}

export function annotationOf(object: KubeObject, name: string): string | undefined {
  return object.metadata.annotations?.[name];
}

/** Where an object lives within its resource. */
export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}
