// Messages from outside, distrusted once: what a DAG says about itself, what a trigger says happened.
import { fromBinary } from "@bufbuild/protobuf";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import { parseTraceparent } from "@chasqui/chassis";
import type { TraceParent } from "@chasqui/chassis";
import {
  Catchup,
  CloudEventError,
  DagAppliedSchema,
  readCloudEvent,
  triggerData,
  type Dag,
  type DagSpec,
} from "@chasqui/contracts";
import { runsForOf, timingOf } from "@chasqui/dag/time";
import type { DagNews, TickPolicy } from "./core/learn.ts";
import type { CatchupPolicy } from "./core/ticks.ts";
import type { Json, Trigger } from "./core/triggers.ts";
import type { Timing } from "./timing.ts";
import { rulesOf } from "./translate-rules.ts";

export const TRIGGER_DATA_BYTES_MAX = 256 * 1024;
const IDENTITY_LENGTH_MAX = 256;
const SUBJECT_PREFIX = "chasqui.trigger.";

/** Which DAG a chasqui.event.dag-applied is about. */
export function parseDagApplied(data: Uint8Array): string {
  let dag: Dag | undefined;
  try {
    ({ dag } = fromBinary(DagAppliedSchema, data));
  } catch (error) {
    throw new RejectError(`the body is not a chasqui.dag.v1.DagApplied: ${String(error)}`);
  }
  if (dag === undefined || dag.dagId === "")
    throw new RejectError("chasqui.dag.v1.DagApplied without a DAG: want its id");
  return dag.dagId;
}

export function newsOf(dag: Dag): DagNews {
  const { dagId, version, spec, retired, retiredTime } = dag;
  const appliedTime = retired ? (retiredTime ?? dag.appliedTime) : dag.appliedTime;
  if (dagId === "" || version < 1 || spec === undefined || appliedTime === undefined)
    throw new RejectError(
      `DAG ${JSON.stringify(dagId)}, version ${version}: want an id, a version from 1, a spec and applied_time`,
    );
  return {
    dagId,
    version,
    appliedMs: timestampMs(appliedTime),
    paused: dag.paused,
    retired,
    was: [...spec.was],
    timezone: zoneOf(spec),
    timing: retired ? undefined : checkedTiming(spec),
    policy: policyOf(spec),
    rules: retired ? [] : rulesOf(spec),
    params: spec.params as DagNews["params"], // a protobuf Struct is JSON
  };
}

const zoneOf = ({ schedule }: DagSpec): string =>
  schedule === undefined || schedule.timezone === "" ? "UTC" : schedule.timezone;

function checkedTiming({ id, schedule }: DagSpec): Timing | undefined {
  if (schedule === undefined) return undefined;
  try {
    return timingOf(schedule);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RejectError(`DAG ${id}: schedule.${why}`, { cause });
  }
}

function policyOf({ schedule }: DagSpec): TickPolicy {
  return {
    catchup: catchupOf(schedule?.catchup ?? Catchup.UNSPECIFIED),
    ...(schedule?.catchupWindow && { catchupWindowMs: durationMs(schedule.catchupWindow) }),
    ...(schedule?.jitter && { jitterMs: durationMs(schedule.jitter) }),
    runsFor: schedule === undefined ? "tick" : runsForOf(schedule),
    ...(schedule === undefined || schedule.key === "" ? {} : { key: schedule.key }),
  };
}

function catchupOf(catchup: Catchup): CatchupPolicy {
  switch (catchup) {
    case Catchup.NONE:
      return "none";
    case Catchup.ALL:
      return "all";
    default:
      return "latest"; // also what a later version of the contract may add: the policy that does least harm
  }
}

export interface ReceivedTrigger {
  readonly trigger: Trigger;
  /** The publisher's span, when it traces: the run goes on in its trace. */
  readonly parent: TraceParent | undefined;
  /** The span of what caused it: the run's trace is linked to it. */
  readonly cause?: TraceParent | undefined;
}

interface TriggerDelivery {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly publishedMs: number;
  header(name: string): string | undefined;
}

export const triggerPath = (subject: string): string => subject.slice(SUBJECT_PREFIX.length);
export const sourceToken = (subject: string): string => triggerPath(subject).split(".", 1)[0] ?? "";

/** A message on chasqui.trigger.>. Rejects with a sentence that its publisher can act on. */
export function parseTrigger(delivery: TriggerDelivery): ReceivedTrigger {
  try {
    const event = readCloudEvent(delivery);
    const timeMs = checkedTime(event.time) ?? delivery.publishedMs;
    return {
      trigger: {
        source: checkedSource(event.source, delivery.subject),
        id: checkedId(event.id),
        type: event.type,
        path: triggerPath(delivery.subject),
        timeMs,
        logicalMs: timeMs,
        data: checkedData(triggerData(event), delivery.data.length),
        about: { kind: "event" },
      },
      parent: parseTraceparent(event.traceparent),
    };
  } catch (error) {
    if (error instanceof CloudEventError) throw new RejectError(error.message);
    throw error;
  }
}

/** The first path segment of ce-source must be the token that the publisher's bus user may publish below. */
function checkedSource(source: string, subject: string): string {
  const token = sourceToken(subject);
  const [first] = source.replace(/^\//, "").split("/");
  if (source.length > IDENTITY_LENGTH_MAX || !/^[A-Za-z0-9._~/-]+$/.test(source))
    throw new RejectError(
      `ce-source is ${JSON.stringify(source.slice(0, 80))}: want 1 to ${IDENTITY_LENGTH_MAX} letters, digits, ".", "_", "~", "-" or "/"`,
    );
  if (first !== token)
    throw new RejectError(
      `ce-source is ${JSON.stringify(source)} and the subject is ${subject}: want the source ${JSON.stringify(token)}, or a path that begins with it`,
    );
  return source;
}

function checkedId(id: string): string {
  if (id.length <= IDENTITY_LENGTH_MAX && !/[\p{Cc}\p{Cs}]/u.test(id)) return id;
  throw new RejectError(
    `ce-id is ${JSON.stringify(id.slice(0, 80))}, ${id.length} characters: want 1 to ${IDENTITY_LENGTH_MAX}, no control characters`,
  );
}

function checkedTime(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const ms = Date.parse(time);
  if (
    /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*(?:[Zz]|[+-]\d{2}:\d{2})$/.test(time) &&
    !Number.isNaN(ms)
  )
    return ms;
  throw new RejectError(
    `ce-time is ${JSON.stringify(time)}: want RFC 3339, for example 2026-11-22T19:00:00Z`,
  );
}

function checkedData(data: unknown, bytes: number): { [key: string]: Json } {
  if (bytes > TRIGGER_DATA_BYTES_MAX)
    throw new RejectError(`the body has ${bytes} bytes: want at most ${TRIGGER_DATA_BYTES_MAX}`);
  if (data === undefined || data === null) return {};
  if (typeof data !== "object" || Array.isArray(data))
    throw new RejectError(
      `the data is ${Array.isArray(data) ? "a list" : `a ${typeof data}`}: want a JSON object`,
    );
  return cleaned(data) as { [key: string]: Json }; // it came out of JSON.parse or a protobuf Struct
}

/** PostgreSQL keeps no NUL in its texts, and nobody means one. */
function cleaned(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("\0", "");
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replaceAll("\0", ""), cleaned(inner)]),
  );
}
