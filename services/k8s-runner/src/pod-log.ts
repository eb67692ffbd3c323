// The log of one pod's attempt, as long as this replica reads it: whose it is, how far it came, its end.
// Invariants:
//   L1. One replica reads at a time, as far as the pod's annotation can tell; none waits for another one for longer
//       than its lease.
//   L2. The position on the pod is never ahead of what the bus has stored.
import type { AttemptLog, AttemptRef, JobReports } from "@chasqui/runner";
import { LEASE_MS, RENEW_MS, dutyOf, readLease, writeLease } from "./core/lease.ts";
import { readPosition, writePosition } from "./core/log-cursor.ts";
import { ANNOTATIONS } from "./core/note.ts";
import type { PodFacts } from "./core/pod.ts";
import { followLog } from "./log-follower.ts";
import type { LogFollower } from "./log-follower.ts";
import type { Cluster } from "./ports/cluster.ts";

/** How long an outcome waits for the rest of its log. */
const REST_MS = 30_000;

export interface PodLogDeps {
  readonly cluster: Cluster;
  readonly reports: JobReports;
  /** This replica's name. */
  readonly me: string;
  readonly now: () => number;
}

export class PodLog {
  readonly #deps: PodLogDeps;
  readonly #ref: AttemptRef;
  #log: AttemptLog | undefined;
  #follower: LogFollower | undefined;
  #renewedMs = 0;

  constructor(deps: PodLogDeps, ref: AttemptRef) {
    this.#deps = deps;
    this.#ref = ref;
  }

  get isOpen(): boolean {
    return this.#follower !== undefined;
  }

  /** Opens the log if it is ours to read. False: another replica's. */
  async claim(pod: PodFacts, { overdue }: { readonly overdue: boolean }): Promise<boolean> {
    if (this.isOpen) return true;
    const { cluster, me, now } = this.#deps;
    const lease = readLease(pod.annotations[ANNOTATIONS.follower]);
    const duty = dutyOf(lease, me, now());
    if (duty === "leave" && !overdue) return false;
    if (duty !== "follow") {
      const follower = writeLease({ holder: me, untilMs: now() + LEASE_MS });
      const expected = { resourceVersion: pod.resourceVersion };
      const taken = await cluster.annotate(
        pod.name,
        { [ANNOTATIONS.follower]: follower },
        expected,
      );
      if (taken !== "done") return false; // somebody was quicker, or the pod is gone: the next look tells
    }
    this.#renewedMs = lease?.holder === me ? lease.untilMs - LEASE_MS : now();
    return true;
  }

  /** Begins to read where whoever read before has left it. */
  open(pod: PodFacts): void {
    if (this.#follower !== undefined) return;
    const { cluster, reports } = this.#deps;
    const from = readPosition(pod.annotations[ANNOTATIONS.log]);
    this.#log = reports.log(this.#ref, { startCounter: from.counter });
    this.#follower = followLog({ cluster, pod: pod.name, log: this.#log, from });
  }

  /** Renews the lease when it is time, with the position. */
  async renew(pod: PodFacts): Promise<void> {
    const { now } = this.#deps;
    if (!this.isOpen || now() - this.#renewedMs < RENEW_MS) return;
    this.#renewedMs = now();
    await this.#save(pod, now() + LEASE_MS);
  }

  /** Reads the rest and sends it, marked as the end; the last lines are the answer. */
  async finish(): Promise<string[]> {
    this.#follower?.ended();
    await Promise.race([this.#follower?.done, elapsed(REST_MS)]);
    this.#follower?.stop();
    await this.#log?.end();
    return this.#log?.tail() ?? [];
  }

  /** Nothing of the container ever ran: its log is empty, and over. */
  async finishUnopened(): Promise<void> {
    this.#log ??= this.#deps.reports.log(this.#ref, { startCounter: 0 });
    await this.#log.end();
  }

  /** Leaves the log to the next reader, who may begin at once. */
  async leave(pod: PodFacts): Promise<void> {
    if (this.#follower === undefined) return;
    this.#follower.stop();
    await this.#follower.done;
    await this.#save(pod, this.#deps.now());
  }

  async #save(pod: PodFacts, untilMs: number): Promise<void> {
    const { cluster, me } = this.#deps;
    const position = this.#follower?.position();
    await this.#log?.flush();
    await cluster.annotate(pod.name, {
      [ANNOTATIONS.follower]: writeLease({ holder: me, untilMs }),
      ...(position === undefined ? {} : { [ANNOTATIONS.log]: writePosition(position) }),
    });
  }
}

const elapsed = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms).unref());
