// A typed client of a protobuf-es service over one grpc-js channel.
// Invariants:
//   C1. Every call has a deadline: what was asked for, else ten seconds; streams have one only when asked for.
//   C2. Leaving a stream early (`break`, an error) cancels the call: the server does not go on for nobody.
//   C3. Calls reject with RpcError and nothing else.
import { Client, credentials, Metadata, type CallOptions } from "@grpc/grpc-js";
import { fromBinary } from "@bufbuild/protobuf";
import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { asBuffer, bytesDefinition } from "./byte-methods.ts";
import { metadataKeys } from "./call.ts";
import { encode, pathOf } from "./implementation.ts";
import { RpcCode, RpcError } from "./rpc-error.ts";

const CALL_TIMEOUT_MS = 10_000;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export interface GrpcCallOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly traceparent?: string | undefined;
  /** Who asks: "user:ana". */
  readonly principal?: string | undefined;
  /** Why, for the audit row. */
  readonly reason?: string | undefined;
}

type CallOf<M> = M extends DescMethod & { methodKind: "unary" }
  ? (
      request: MessageInitShape<M["input"]>,
      options?: GrpcCallOptions,
    ) => Promise<MessageShape<M["output"]>>
  : M extends DescMethod & { methodKind: "server_streaming" }
    ? (
        request: MessageInitShape<M["input"]>,
        options?: GrpcCallOptions,
      ) => AsyncGenerator<MessageShape<M["output"]>, void, undefined>
    : never;

export type GrpcClient<S extends DescService> = {
  readonly [K in keyof S["method"]]: CallOf<S["method"][K]>;
} & { close(): void };

export interface GrpcClientOptions {
  /** For calls that say nothing else; "service:scheduler". */
  readonly principal?: string;
}

/** Connects on the first call and reconnects by itself. `address` is host:port. */
export function createGrpcClient<S extends DescService>(
  service: S,
  address: string,
  defaults: GrpcClientOptions = {},
): GrpcClient<S> {
  const channel = openChannel(address);
  const calls: Record<string, unknown> = { close: () => channel.close() };
  for (const method of service.methods) {
    const call = callOf(channel, method, defaults);
    if (call !== undefined) calls[method.localName] = call;
  }
  return calls as GrpcClient<S>; // built from the service's own methods, by their kinds
}

/** One channel; bytes in, bytes out. */
export function openChannel(address: string): Client {
  return new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    "grpc.enable_retries": 0, // one layer of retries per failure, and it is not this one
    "grpc.enable_http_proxy": 0, // neighbours are never behind a proxy
    "grpc.service_config_disable_resolution": 1,
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
}

function callOf(channel: Client, method: DescMethod, defaults: GrpcClientOptions): unknown {
  const path = pathOf(method);
  switch (method.methodKind) {
    case "unary":
      return async (
        request: MessageInitShape<typeof method.input>,
        options: GrpcCallOptions = {},
      ) => {
        const bytes = await unaryBytes(channel, path, {
          request: encode(method.input, request),
          metadata: metadataOf({ ...defaults, ...defined(options) }),
          deadlineMs: Date.now() + (options.timeoutMs ?? CALL_TIMEOUT_MS),
          signal: options.signal,
        });
        return fromBinary(method.output, bytes);
      };
    case "server_streaming":
      return async function* (
        request: MessageInitShape<typeof method.input>,
        options: GrpcCallOptions = {},
      ) {
        const messages = streamBytes(channel, path, {
          request: encode(method.input, request),
          metadata: metadataOf({ ...defaults, ...defined(options) }),
          deadlineMs: options.timeoutMs === undefined ? Infinity : Date.now() + options.timeoutMs,
          signal: options.signal,
        });
        for await (const message of messages) yield fromBinary(method.output, message);
      };
    default:
      return undefined; // nobody calls these; the type says so too
  }
}

export interface ByteRequest {
  readonly request: Uint8Array;
  readonly metadata: Metadata;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

export function unaryBytes(channel: Client, path: string, o: ByteRequest): Promise<Buffer> {
  const { requestSerialize, responseDeserialize } = bytesDefinition(path, "unary");
  if (o.signal?.aborted === true) return Promise.reject(cancelled(path, o.signal));
  return new Promise((resolve, reject) => {
    const abort = (): void => call.cancel();
    const call = channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      asBuffer(o.request),
      o.metadata,
      callOptions(o),
      (error, response) => {
        o.signal?.removeEventListener("abort", abort);
        if (error !== null) reject(RpcError.from(error));
        else if (response === undefined)
          reject(new RpcError(RpcCode.INTERNAL, `${path}: no response`));
        else resolve(response);
      },
    );
    o.signal?.addEventListener("abort", abort, { once: true });
  });
}

export async function* streamBytes(
  channel: Client,
  path: string,
  o: ByteRequest,
): AsyncGenerator<Buffer, void, undefined> {
  const { requestSerialize, responseDeserialize } = bytesDefinition(path, "server_streaming");
  if (o.signal?.aborted === true) throw cancelled(path, o.signal);
  const call = channel.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    asBuffer(o.request),
    o.metadata,
    callOptions(o),
  );
  const abort = (): void => call.cancel();
  o.signal?.addEventListener("abort", abort, { once: true });
  call.on("error", () => {}); // the loop below reports it; a late CANCELLED must not be uncaught
  try {
    for await (const message of call) yield message as Buffer; // `same` deserializes to what came
  } catch (error) {
    throw RpcError.from(error);
  } finally {
    o.signal?.removeEventListener("abort", abort);
    call.cancel();
  }
}

function callOptions({ deadlineMs }: ByteRequest): CallOptions {
  return Number.isFinite(deadlineMs) ? { deadline: deadlineMs } : {};
}

function cancelled(path: string, signal: AbortSignal): RpcError {
  return new RpcError(RpcCode.CANCELLED, `${path}: cancelled before it was sent`, {
    cause: signal.reason,
  });
}

function metadataOf(options: GrpcCallOptions): Metadata {
  const metadata = new Metadata();
  if (options.traceparent !== undefined)
    metadata.set(metadataKeys.traceparent, options.traceparent);
  if (options.principal !== undefined) metadata.set(metadataKeys.principal, options.principal);
  if (options.reason !== undefined) metadata.set(metadataKeys.reason, printable(options.reason));
  return metadata;
}

/** Metadata values are ASCII: other characters travel as URI escapes. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]|%/gu, (character) => encodeURIComponent(character));
}

function defined(options: GrpcCallOptions): GrpcCallOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
