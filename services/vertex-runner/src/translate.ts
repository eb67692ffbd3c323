// What the Vertex AI client says about jobs, parsed once.
import { jobStates } from "./core/job.ts";
import type { JobFacts, JobState } from "./core/job.ts";

type Fields = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Undefined for what is not a job. */
export function jobFacts(value: unknown): JobFacts | undefined {
  const job = objectOf(value);
  const name = textOf(job["name"]);
  if (name === "") return undefined;
  const [pool] = listOf(objectOf(job["jobSpec"])["workerPoolSpecs"]);
  const container = objectOf(objectOf(pool)["containerSpec"]);
  return {
    name,
    state: stateOf(job["state"]),
    labels: textsOf(Object.entries(objectOf(job["labels"]))),
    env: textsOf(
      listOf(container["env"]).map((one) => [objectOf(one)["name"], objectOf(one)["value"]]),
    ),
    createdMs: timeOf(job["createTime"]) ?? 0,
    startedMs: timeOf(job["startTime"]),
    endedMs: timeOf(job["endTime"]),
    error: errorOf(job["error"]),
  };
}

function stateOf(value: unknown): JobState {
  const text = textOf(value).replace(/^JOB_STATE_/, "");
  return jobStates.find((state) => state === text) ?? "UNKNOWN";
}

/** A Timestamp: seconds as number, text or Long, and nanoseconds. */
function timeOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const { seconds, nanos } = objectOf(value);
  const ms = Number(String(seconds)) * 1_000 + Math.floor(Number(nanos ?? 0) / 1_000_000);
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

function errorOf(value: unknown): JobFacts["error"] {
  if (value === undefined || value === null) return undefined;
  const { code, message } = objectOf(value);
  return { code: typeof code === "number" ? code : 0, message: textOf(message) };
}

function textsOf(entries: readonly (readonly unknown[])[]): Record<string, string> {
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string] =>
        typeof entry[0] === "string" && typeof entry[1] === "string",
    ),
  );
}
