// The memory of the API server: etcd, as far as clients can tell.
// Invariants:
//   K1. One version counter rises over all resources; each write takes the next number. It starts
//       at the wall clock, so a client that outlives a restart is told 410, never fed old numbers.
//   K2. Every write is one Change with the object before it, so that a watch with a selector can
//       say ADDED or DELETED when an object enters or leaves its view.
//   K3. The history is bounded. What is forgotten is answered "gone", never skipped.
import { keyOf } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import type { Resource } from "./resources.ts";

const CHANGES_MAX = 5_000;

export interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: Resource;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

export interface Key {
  readonly namespace: string | undefined;
  readonly name: string;
}

export class ObjectStore {
  #version = Date.now();
  #forgotten = this.#version;
  readonly #objects = new Map<Resource, Map<string, KubeObject>>();
  #changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  get version(): number {
    return this.#version;
  }

  get(resource: Resource, key: Key): KubeObject | undefined {
    return this.#of(resource).get(keyOf(key.namespace, key.name));
  }

  count(resource: Resource): number {
    return this.#of(resource).size;
  }

  /** All objects, in order of their key, as the real server lists them. */
  list(resource: Resource, namespace?: string): KubeObject[] {
    return sorted(this.#of(resource), namespace);
  }

  /** The list as it was at a version, or "gone". */
  listAt(version: number, resource: Resource, namespace?: string): KubeObject[] | "gone" {
    if (version < this.#forgotten) return "gone";
    const objects = new Map(this.#of(resource));
    for (const change of this.#changes.toReversed()) {
      if (change.version <= version) break;
      if (change.resource !== resource) continue;
      const { namespace: space, name } = change.object.metadata;
      if (change.previous === undefined) objects.delete(keyOf(space, name));
      else objects.set(keyOf(space, name), change.previous);
    }
    return sorted(objects, namespace);
  }

  put(resource: Resource, object: KubeObject): KubeObject {
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = this.#of(resource).get(key);
    const stored = this.#stamp(object);
    this.#of(resource).set(key, stored);
    const type = previous === undefined ? "ADDED" : "MODIFIED";
    this.#record({ version: this.#version, type, resource, object: stored, previous });
    return stored;
  }

  remove(resource: Resource, key: Key): KubeObject | undefined {
    const text = keyOf(key.namespace, key.name);
    const previous = this.#of(resource).get(text);
    if (previous === undefined) return undefined;
    this.#of(resource).delete(text);
    const object = this.#stamp(previous);
    this.#record({ version: this.#version, type: "DELETED", resource, object, previous });
    return object;
  }

  changesSince(version: number, resource: Resource): Change[] | "gone" {
    if (version < this.#forgotten) return "gone";
    return this.#changes.filter(
      (change) => change.version > version && change.resource === resource,
    );
  }

  /** Called within the write; must not write itself. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the history: every older version is now "gone". */
  compact(): void {
    this.#changes = [];
    this.#forgotten = this.#version;
  }

  #of(resource: Resource): Map<string, KubeObject> {
    let objects = this.#objects.get(resource);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(resource, objects);
    }
    return objects;
  }

  #stamp(object: KubeObject): KubeObject {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    return { ...object, metadata };
  }

  #record(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length > CHANGES_MAX) {
      const dropped = this.#changes.splice(0, CHANGES_MAX / 2);
      this.#forgotten = dropped.at(-1)?.version ?? this.#forgotten;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

function sorted(objects: ReadonlyMap<string, KubeObject>, namespace?: string): KubeObject[] {
  const found = [...objects.entries()].filter(
    ([, object]) => namespace === undefined || object.metadata.namespace === namespace,
  );
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
