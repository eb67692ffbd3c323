// What a runner needs of the world, as narrow as it needs it. libs/bus, the state machine's gRPC client and the
// chassis fit these by their shape; tests bring doubles (testing/).
import type { Bus } from "@chasqui/bus";
import type { SpanRecord } from "@chasqui/chassis";

/** The part of libs/bus that runners use. */
export type RunnerBus = Pick<
  Bus,
  | "publish"
  | "publishPlain"
  | "subscribePlain"
  | "onReconnect"
  | "consume"
  | "consumeBatches"
  | "hasMessage"
  | "announceKind"
>;

/** RunService.claimAttempt of the state machine, as a client of the chassis offers it. */
export interface Claims {
  claimAttempt(
    request: {
      readonly runId: string;
      readonly taskId: string;
      readonly mapIndex: number;
      readonly attempt: number;
    },
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly wanted: boolean; readonly reason: string }>;
}

export interface RunnerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A running part of a process; the same shape as the chassis' Part. */
export interface RunnerPart {
  readonly name: string;
  stop(deadlineMs: number): Promise<void>;
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** The part of the chassis' Telemetry that runners use. */
export interface RunnerTelemetry {
  /** False: spans go nowhere, so none are made. */
  readonly enabled: boolean;
  emitSpan(span: SpanRecord): void;
  counter(name: string, unit: string): { add(value: number, attributes?: Attributes): void };
  histogram(name: string, unit?: string): { record(value: number, attributes?: Attributes): void };
}
