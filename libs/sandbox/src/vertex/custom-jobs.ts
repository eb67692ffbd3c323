// JobService, as far as custom jobs go: they are created, found by label, cancelled, and live
// through their script by themselves.
// Invariants:
//   V1. A final state never changes; a cancel after it changes nothing, as with the real service.
//   V2. Nothing makes two creates one: a CustomJob has no client-chosen id. Who wants one job
//       looks for its labels first.
import { at, listAt, numberAt, objectAt, textAt, textsAt } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { parseFilter } from "./filter.ts";
import { isFinal, scriptOf } from "./job-script.ts";
import type { JobState, Step } from "./job-script.ts";
import { CODES, RpcError, timestamp, timestampMs } from "./rpc.ts";
import type { Timestamp, VertexService } from "./rpc.ts";

const PAGE_SIZE_DEFAULT = 100;
const CANCEL_MS = 20;
const JOBS_MAX = 10_000;
const PARENT = /^projects\/[^/]+\/locations\/[^/]+$/;

export interface CustomJob {
  readonly name: string;
  readonly displayName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly jobSpec: JsonObject;
  readonly state: JobState;
  readonly createTime: Timestamp;
  readonly updateTime: Timestamp;
  readonly startTime: Timestamp | null;
  readonly endTime: Timestamp | null;
  readonly error: { readonly code: number; readonly message: string } | null;
}

export interface CustomJobs extends VertexService {
  readonly jobs: () => readonly CustomJob[];
  /** Lets a job succeed that hangs. */
  readonly finish: (name: string) => void;
}

export function createCustomJobs(options: { listLagMs: () => number }): CustomJobs {
  const jobs = new CustomJobStore();
  return {
    name: "google.cloud.aiplatform.v1.JobService",
    protos: ["google/cloud/aiplatform/v1/job_service.proto"],
    methods: {
      createCustomJob: (request) => jobs.create(request),
      getCustomJob: (request) => jobs.find(request),
      listCustomJobs: (request) => listPage(jobs.all(), request, options.listLagMs()),
      cancelCustomJob: (request) => jobs.cancel(request),
    },
    jobs: () => jobs.all(),
    finish: (name) => jobs.finish(name),
    stop: () => jobs.stop(),
  };
}

class CustomJobStore {
  readonly #jobs = new Map<string, CustomJob>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #lastId = Date.now(); // unlike any id of an earlier stand-in

  all(): readonly CustomJob[] {
    return [...this.#jobs.values()];
  }

  find(request: unknown): CustomJob {
    const name = textAt(request, "name") ?? "";
    const job = this.#jobs.get(name);
    if (job !== undefined) return job;
    throw new RpcError(CODES.NOT_FOUND, `The CustomJob ${JSON.stringify(name)} does not exist.`);
  }

  create(request: unknown): CustomJob {
    const parent = parentOf(request);
    const draft = objectAt(request, "customJob");
    checkSpec(draft);
    const labels = textsAt(draft, "labels");
    const steps = scriptOf(labels);
    this.#lastId += 1;
    const now = timestamp(Date.now());
    const job: CustomJob = {
      name: `${parent}/customJobs/${this.#lastId}`,
      displayName: textAt(draft, "displayName") ?? "",
      labels,
      jobSpec: objectAt(draft, "jobSpec"),
      state: "JOB_STATE_QUEUED",
      createTime: now,
      updateTime: now,
      startTime: null,
      endTime: null,
      error: null,
    };
    this.#jobs.set(job.name, job);
    if (this.#jobs.size > JOBS_MAX) this.#forget(this.#jobs.keys().next().value ?? "");
    this.#follow(job.name, steps);
    return job;
  }

  cancel(request: unknown): Record<string, never> {
    const job = this.find(request);
    if (isFinal(job.state) || job.state === "JOB_STATE_CANCELLING") return {};
    clearTimeout(this.#timers.get(job.name));
    this.#jobs.set(job.name, moved(job, { state: "JOB_STATE_CANCELLING", afterMs: 0 }));
    const error = { code: CODES.CANCELLED, message: "The job was cancelled." };
    this.#follow(job.name, [{ state: "JOB_STATE_CANCELLED", afterMs: CANCEL_MS, error }]);
    return {};
  }

  finish(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#follow(name, [{ state: "JOB_STATE_SUCCEEDED", afterMs: 0 }]);
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #follow(name: string, steps: readonly Step[]): void {
    const [step, ...later] = steps;
    if (step === undefined) {
      this.#timers.delete(name);
      return;
    }
    const take = () => {
      const job = this.#jobs.get(name);
      if (job === undefined || isFinal(job.state)) return;
      this.#jobs.set(name, moved(job, step));
      this.#follow(name, later);
    };
    this.#timers.set(name, setTimeout(take, step.afterMs));
  }

  #forget(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    this.#jobs.delete(name);
  }
}

/** Newest first. Jobs younger than the lag are not seen yet. */
function listPage(jobs: readonly CustomJob[], request: unknown, lagMs: number): unknown {
  const parent = parentOf(request);
  const holds = parseFilter(textAt(request, "filter") ?? "");
  const seenUntilMs = Date.now() - lagMs;
  const found = jobs.filter((job) => {
    const createMs = timestampMs(job.createTime);
    const { displayName, state, labels } = job;
    return (
      job.name.startsWith(`${parent}/`) &&
      createMs <= seenUntilMs &&
      holds({ displayName, state, labels, createMs })
    );
  });
  const start = Number(textAt(request, "pageToken") ?? 0) || 0;
  const size = numberAt(request, "pageSize") || PAGE_SIZE_DEFAULT;
  const end = start + size;
  return {
    customJobs: found.toReversed().slice(start, end),
    nextPageToken: end < found.length ? String(end) : "",
  };
}

function moved(job: CustomJob, step: Step): CustomJob {
  const now = timestamp(Date.now());
  return {
    ...job,
    state: step.state,
    updateTime: now,
    startTime: step.state === "JOB_STATE_RUNNING" ? now : job.startTime,
    endTime: isFinal(step.state) ? now : null,
    error: step.error ?? null,
  };
}

function parentOf(request: unknown): string {
  const parent = textAt(request, "parent") ?? "";
  if (PARENT.test(parent)) return parent;
  throw new RpcError(
    CODES.INVALID_ARGUMENT,
    `parent ${JSON.stringify(parent)}: want projects/{project}/locations/{location}`,
  );
}

function checkSpec(draft: JsonObject): void {
  const refuse = (field: string, why: string): never => {
    throw new RpcError(
      CODES.INVALID_ARGUMENT,
      `List of found errors:\t1.Field: ${field}; Message: ${why}\t`,
    );
  };
  const displayName = textAt(draft, "displayName") ?? "";
  if (displayName === "" || displayName.length > 128) {
    refuse("custom_job.display_name", "Required, of at most 128 characters.");
  }
  const pools = listAt(draft, "jobSpec", "workerPoolSpecs");
  if (pools.length === 0)
    refuse("job_spec.worker_pool_specs", "At least one worker pool is required.");
  pools.forEach((pool, index) => {
    const field = `job_spec.worker_pool_specs[${index}]`;
    const image = textAt(pool, "containerSpec", "imageUri") ?? "";
    const python = textAt(pool, "pythonPackageSpec", "executorImageUri") ?? "";
    if (image === "" && python === "") refuse(`${field}.container_spec.image_uri`, "Required.");
    if ((textAt(pool, "machineSpec", "machineType") ?? "") === "") {
      refuse(`${field}.machine_spec.machine_type`, "Required.");
    }
  });
  for (const [key, value] of Object.entries(objectAt(at(draft, "labels")))) {
    const good = /^[a-z][a-z0-9_-]{0,62}$/.test(key) && /^[a-z0-9_-]{0,63}$/.test(String(value));
    if (!good) {
      refuse(
        "custom_job.labels",
        `${key}=${String(value)}: want lower case letters, digits, _ and -.`,
      );
    }
  }
}
