// How a Vertex service is written here: a name, the protos it needs, and one function per method
// from request to response. server.ts does the rest; a further service is a further file.

/** Numbers of google.rpc.Code. */
export const CODES = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface VertexService {
  /** As in the proto: `google.cloud.aiplatform.v1.JobService`. */
  readonly name: string;
  /** Paths below the proto roots of aiplatform and gax. */
  readonly protos: readonly string[];
  /** By the method's name in lower camel case. Requests and responses are plain JSON forms. */
  readonly methods: Readonly<Record<string, (request: unknown) => unknown>>;
  /** Ends what goes on by itself. */
  stop(): void;
}

export interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

export function timestamp(ms: number): Timestamp {
  return { seconds: String(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 };
}

export function timestampMs(stamp: Timestamp): number {
  return Number(stamp.seconds) * 1_000 + stamp.nanos / 1_000_000;
}
