// What started a run, as the scheduler's spans: known from the run's cause and the id of the message that made it.
import type { SpanRecord } from "../spans.ts";
import { parseTraceparent } from "../traceparent.ts";
import { traceIdOf } from "@chasqui/contracts";
import type { TracedRun } from "./run-spans.ts";
import { startSpan, tickSpan, triggerSpan } from "./start-spans.ts";

export interface Cause {
  readonly kind: "schedule" | "trigger" | "manual" | "backfill" | "parent" | "unknown";
  /** Of a trigger: its source and id. */
  readonly by: string;
}

/** `parentSpanId`: of the message's processing; absent when nobody is known to have said it in this trace. */
export function originSpans(
  run: TracedRun & { readonly cause: Cause; readonly parent: unknown },
  startId: string,
): { readonly spans: readonly SpanRecord[]; readonly parentSpanId?: string } {
  const { cause, traceId, runId, dagId, createdMs } = run;
  const origin = parseTraceparent(run.traceparent);
  if (origin === undefined || origin.traceId !== traceId) return { spans: [] };
  if (run.parent !== undefined) return { spans: [], parentSpanId: origin.spanId };
  if (cause.kind !== "schedule" && cause.kind !== "trigger") return { spans: [] };
  const start = { traceId, spanId: origin.spanId, runId, dagId };
  const times = { startMs: createdMs, endMs: createdMs };
  const said = startSpan(start, startId, times);
  // In a trace that a publisher began, the trigger's span has a parent that no history knows: it is left as it was
  // written, and stands in only where it was not.
  const isWritten = traceId !== traceIdOf(runId) && origin.sampled;
  const first =
    cause.kind === "schedule"
      ? tickSpan(start, times)
      : triggerSpan(start, triggerOf(cause.by), times);
  return { spans: isWritten ? [said] : [first, said], parentSpanId: said.spanId };
}

const OWN_EVENTS = [
  ["chasqui/dag/", "chasqui.event.run-settled"],
  ["chasqui/asset/", "chasqui.event.asset-produced"],
] as const;

/** Of `<source> <id>`. */
function triggerOf(by: string): { destination: string; triggerId: string } {
  const space = by.indexOf(" ");
  const source = by.slice(0, Math.max(0, space));
  const own = OWN_EVENTS.find(([prefix]) => source.startsWith(prefix));
  const token = source.split("/").find((part) => part !== "") ?? "";
  return { destination: own?.[1] ?? `chasqui.trigger.${token}`, triggerId: by.slice(space + 1) };
}
