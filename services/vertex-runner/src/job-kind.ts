// The kind vertex.custom-job, as libs/runner wants it: attempts are jobs, their labels are the database.
// Submitting is made idempotent by looking first, because a custom job has no id of our choice. What may have been
// created without our knowing (a lost answer, an earlier delivery) is looked for until it would surely be seen.
import { setTimeout as sleep } from "node:timers/promises";
import { builtInKindSchemas } from "@chasqui/contracts";
import { TaskFailure } from "@chasqui/runner";
import type { Attempt, AttemptRef, JobKind, JobReports, RunnerPart } from "@chasqui/runner";
import { parseJobConfig } from "./config.ts";
import { isFinal, isUncertain, refusalOf } from "./core/judge.ts";
import type { JobFacts } from "./core/job.ts";
import { LABELS, consoleLink, customJob, labelValue } from "./core/spec.ts";
import type { JobConfig } from "./core/spec.ts";
import { JobWatch } from "./job-watch.ts";
import type { WatchDeps } from "./job-watch.ts";
import { VertexError } from "./ports/vertex.ts";
import type { Place } from "./ports/vertex.ts";

export const KIND = "vertex.custom-job";
const LOOK_MS = 1_000;
/** A custom job runs for at most a week; what ended longer ago was settled, or declared lost. */
const LOOK_BACK_MS = 14 * 86_400_000;

export interface JobKindOptions extends WatchDeps {
  readonly environment: string;
  readonly concurrency: number;
  /** A job that was created is in every list after so long. */
  readonly unseenMs: number;
}

export function jobKind(options: JobKindOptions): JobKind<JobConfig> {
  return new CustomJobs(options);
}

class CustomJobs implements JobKind<JobConfig> {
  readonly kind = KIND;
  readonly description = "Runs a container on Vertex AI, as a custom job.";
  readonly schema = schemaOf(KIND);
  readonly parseConfig = parseJobConfig;
  readonly concurrency: number;
  readonly unseenMs: number;
  readonly #options: JobKindOptions;
  #watch: JobWatch | undefined;
  #reports: JobReports | undefined;

  constructor(options: JobKindOptions) {
    this.#options = options;
    this.concurrency = options.concurrency;
    this.unseenMs = options.unseenMs;
  }

  async submit(
    attempt: Attempt<JobConfig>,
    { signal, again }: { readonly signal: AbortSignal; readonly again: boolean },
  ): Promise<{ link: string }> {
    const place = this.#placeOf(attempt.config);
    const seen = again ? await this.#lookUntilSeen(place, attempt.attemptId, signal) : undefined;
    const job = seen ?? (await this.#create(place, attempt, signal));
    this.#watch?.take(job, { found: false });
    return { link: consoleLink(job.name) };
  }

  async watch(reports: JobReports): Promise<RunnerPart> {
    this.#reports = reports;
    const watch = new JobWatch(this.#options, reports);
    this.#watch = watch;
    const createdSinceMs = this.#options.now() - LOOK_BACK_MS;
    await this.#takeAll({ createdSinceMs }).catch((error: unknown) =>
      this.#options.log.warn({ error }, "jobs could not be listed; they are looked for again"),
    );
    return { name: "jobs", stop: (deadlineMs) => watch.stop(deadlineMs) };
  }

  async list() {
    await this.#takeAll({ active: true }); // those of other replicas, too: they may end without telling
    return this.#watch?.held() ?? [];
  }

  async cancel(ref: AttemptRef): Promise<"ending" | "ended" | "absent"> {
    const job = await this.#jobOf(ref.attemptId);
    if (job === undefined) return "absent";
    this.#watch?.take(job, { found: true });
    if (isFinal(job.state)) return "ended";
    await this.#options.vertex.cancel(job.name);
    this.#watch?.hurry(ref.attemptId);
    return "ending";
  }

  async report(attemptId: string): Promise<void> {
    await this.#watch?.report(attemptId);
  }

  async confirm(attemptId: string): Promise<void> {
    this.#watch?.forget(attemptId); // Vertex AI keeps the evidence itself
  }

  async discard(attemptId: string): Promise<void> {
    this.#watch?.forget(attemptId);
  }

  #placeOf({ connection, region }: JobConfig): Place {
    const { places } = this.#options.vertex;
    const known = places.filter((place) => place.connection === connection);
    const found =
      region === undefined ? known[0] : known.find(({ location }) => location === region);
    if (found !== undefined) return found;
    const names = [...new Set(places.map((place) => place.connection))].join(", ");
    const regions = known.map(({ location }) => location).join(", ");
    const message =
      known.length === 0
        ? `connection ${JSON.stringify(connection)}: want a connection of type vertex: ${names || "(there is none)"}`
        : `region ${JSON.stringify(region)}: want one of ${regions}; add it to \`regions\` of connection ${connection}`;
    throw new TaskFailure({ class: "config", message, neverStarted: true, permanent: true });
  }

  async #create(place: Place, attempt: Attempt<JobConfig>, signal: AbortSignal): Promise<JobFacts> {
    const childTraceparent = this.#reports?.traceparentOf(attempt);
    try {
      return await this.#options.vertex.create(place, customJob({ ...attempt, childTraceparent }));
    } catch (error) {
      if (!(error instanceof VertexError)) throw error;
      const refused = refusalOf(error);
      if (refused !== undefined)
        throw new TaskFailure({ ...refused, evidence: { code: error.code } }, { cause: error });
      if (!isUncertain(error.code)) throw error;
      const created = await this.#lookUntilSeen(place, attempt.attemptId, signal);
      if (created !== undefined) return created;
      throw error;
    }
  }

  /** Undefined once it would surely have been seen. */
  async #lookUntilSeen(
    place: Place,
    attemptId: string,
    signal: AbortSignal,
  ): Promise<JobFacts | undefined> {
    const untilMs = this.#options.now() + this.unseenMs;
    for (;;) {
      const [oldest] = await this.#find(place, attemptId);
      if (oldest !== undefined || this.#options.now() >= untilMs) return oldest;
      await sleep(Math.min(LOOK_MS, this.unseenMs), undefined, { signal, ref: false });
    }
  }

  async #jobOf(attemptId: string): Promise<JobFacts | undefined> {
    const known = this.#watch?.jobOf(attemptId);
    if (known !== undefined) return this.#options.vertex.get(known.name);
    for (const place of this.#options.vertex.places) {
      const [oldest] = await this.#find(place, attemptId);
      if (oldest !== undefined) return oldest;
    }
    return undefined;
  }

  #find(place: Place, attemptId: string): Promise<JobFacts[]> {
    return this.#options.vertex.find(place, { labels: { [LABELS.attempt]: attemptId } });
  }

  async #takeAll(which: { createdSinceMs?: number; active?: boolean }): Promise<void> {
    const { vertex, environment } = this.#options;
    const labels = { [LABELS.environment]: labelValue(environment) };
    for (const place of vertex.places)
      for (const job of await vertex.find(place, { labels, ...which }))
        this.#watch?.take(job, { found: true });
  }
}

function schemaOf(kind: string): JobKind<JobConfig>["schema"] {
  // Announced as JSON: what the contracts say, without undefined members.
  return JSON.parse(JSON.stringify(builtInKindSchemas[kind])) as JobKind<JobConfig>["schema"];
}
