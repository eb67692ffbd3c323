// One CLIENT span a mail, and the headers that carry the trace into it.
// Invariant: a run that is not sampled costs nothing here, and its mails still carry its trace, flagged so.
import {
  formatTraceparent,
  newSpanId,
  parseTraceparent,
  type SpanRecord,
  type Telemetry,
} from "@chasqui/chassis";
import type { AttemptRef } from "@chasqui/runner";
import type { SendResult } from "./core/send-result.ts";

export interface MailSpan {
  readonly headers: Readonly<Record<string, string>>;
  end(result: SendResult): void;
}

export type TraceMails = (
  traceparent: string | undefined,
  about: { readonly ref: AttemptRef; readonly host: string; readonly port: number },
) => MailSpan;

export function traceMails(telemetry: Pick<Telemetry, "enabled" | "emitSpan">): TraceMails {
  return (traceparent, { ref, host, port }) => {
    const parent = parseTraceparent(traceparent);
    if (parent === undefined) return { headers: {}, end() {} };
    if (!parent.sampled || !telemetry.enabled)
      return { headers: { traceparent: formatTraceparent(parent) }, end() {} };
    const spanId = newSpanId();
    const startMs = Date.now();
    return {
      headers: { traceparent: formatTraceparent({ ...parent, spanId }) },
      end(result) {
        const span: SpanRecord = {
          traceId: parent.traceId,
          spanId,
          parentSpanId: parent.spanId,
          name: "send mail",
          kind: "client",
          startMs,
          endMs: Date.now(),
          attributes: {
            "server.address": host,
            "server.port": port,
            "chasqui.run.id": ref.runId,
            "chasqui.task.id": ref.taskId,
            "chasqui.attempt": ref.attempt,
            "chasqui.mail.result": result.kind,
          },
          error: result.kind === "accepted" ? undefined : result.message,
        };
        telemetry.emitSpan(span);
      },
    };
  };
}
