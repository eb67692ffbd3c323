// The one node of this cluster, as pods' workers see it.
import type { EventRecorder } from "./event-recorder.ts";
import type { Faults } from "./faults.ts";
import type { LogFile } from "./log-file.ts";
import type { KubeObject } from "./objects.ts";
import type { Slots } from "./slots.ts";
import type { ObjectStore } from "./store.ts";
import type { Warden } from "./warden.ts";

export const NODE_NAME = "sandbox-node";

export interface NodeOptions {
  readonly store: ObjectStore;
  readonly record: EventRecorder;
  readonly faults: Faults;
  /** Where pods' logs and termination messages go. */
  readonly podsDir: string;
  /** The working directory of every process. */
  readonly workDir: string;
  readonly podsMax: number;
  readonly restartBackoffMs: number;
}

/** What a worker may use of its node. */
export interface Node extends NodeOptions {
  readonly slots: Slots;
  readonly warden: Warden;
  newLog(pod: KubeObject, restart: number): LogFile;
}
