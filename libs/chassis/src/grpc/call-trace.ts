// What every call of a server gets beside its handler: a context, a server span when the caller's trace is
// sampled, and a line in the log when it failed for a fault of ours.
import {
  formatTraceparent,
  newSpanId,
  parseTraceparent,
  type TraceParent,
} from "../traceparent.ts";
import type { Logger } from "../logger.ts";
import type { Telemetry } from "../spans.ts";
import type { ByteCall, Watch } from "./byte-methods.ts";
import { ANONYMOUS, firstOf, metadataKeys, type CallContext } from "./call.ts";
import { codeNameOf, statusFrom } from "./rpc-error.ts";

export interface TracedCalls {
  readonly contextOf: (call: ByteCall) => CallContext;
  readonly watch: Watch;
}

export function tracedCalls(o: { log: Logger | undefined; telemetry: Telemetry }): TracedCalls {
  const spans = new WeakMap<ByteCall, TraceParent>(); // the server span of each call in work
  return {
    contextOf(call) {
      const reason = firstOf(call.metadata, metadataKeys.reason);
      const span = spans.get(call);
      return {
        principal: firstOf(call.metadata, metadataKeys.principal) ?? ANONYMOUS,
        reason: reason === undefined ? undefined : readable(reason),
        traceparent:
          span === undefined
            ? firstOf(call.metadata, metadataKeys.traceparent)
            : formatTraceparent(span),
        signal: call.signal,
        peer: call.peer,
      };
    },
    watch(call) {
      const startMs = Date.now();
      const parent = parseTraceparent(firstOf(call.metadata, metadataKeys.traceparent));
      const span =
        parent?.sampled === true && o.telemetry.enabled
          ? { ...parent, spanId: newSpanId() }
          : undefined;
      if (span !== undefined) spans.set(call, span);
      return (thrown) => {
        const code =
          thrown === undefined
            ? "OK"
            : codeNameOf(statusFrom(thrown, call.signal.aborted).code ?? 2);
        if (code === "INTERNAL")
          o.log?.error(
            { error: thrown, path: call.path, trace_id: parent?.traceId },
            "call failed",
          );
        if (span === undefined || parent === undefined) return;
        o.telemetry.emitSpan({
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: parent.spanId,
          name: call.path.slice(1),
          kind: "server",
          startMs,
          endMs: Date.now(),
          attributes: {
            "rpc.system.name": "grpc",
            "rpc.method": call.path.slice(1),
            "rpc.response.status_code": code,
          },
          error: code === "OK" ? undefined : String(thrown),
        });
      };
    },
  };
}

/** Metadata is ASCII; other characters came as URI escapes. */
function readable(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody else's client wrote a bare "%"
  }
}
