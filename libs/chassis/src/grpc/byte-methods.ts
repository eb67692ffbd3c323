// gRPC methods as functions from bytes to bytes: what services, health, reflection and the forwarding door have
// in common. All knowledge about grpc-js's calls is here.
// Invariants:
//   G1. A stream never runs ahead of its reader: after a full write it waits for "drain".
//   G2. A call that the caller left ends its handler: the signal is aborted and iterators are returned.
//   G3. Each call is answered exactly once, whatever the handler does.
//   G4. When the server stops, streams end at once with UNAVAILABLE (their readers come back elsewhere); calls
//       with one answer may finish.
import { status } from "@grpc/grpc-js";
import type {
  Metadata,
  MethodDefinition,
  sendUnaryData,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  StatusObject,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { statusFrom } from "./rpc-error.ts";

export interface ByteCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly signal: AbortSignal;
  readonly peer: string;
  readonly deadlineMs: number;
}

export type ByteMethod =
  | {
      readonly kind: "unary";
      readonly path: string;
      handle(request: Buffer, call: ByteCall): Promise<Uint8Array>;
    }
  | {
      readonly kind: "server_streaming";
      readonly path: string;
      handle(request: Buffer, call: ByteCall): AsyncIterable<Uint8Array>;
    }
  | {
      readonly kind: "bidi_streaming";
      readonly path: string;
      handle(requests: AsyncIterable<Buffer>, call: ByteCall): AsyncIterable<Uint8Array>;
    };

type BytesUnary = ServerUnaryCall<Buffer, Buffer>;
type BytesStream = ServerWritableStream<Buffer, Buffer>;
type BytesDuplex = ServerDuplexStream<Buffer, Buffer>;

/** What a stream that answers needs of either. */
interface Answering extends Pick<BytesUnary, "metadata" | "getPeer" | "getDeadline"> {
  write(bytes: Buffer): boolean;
  end(): unknown;
  once(event: "cancelled" | "drain", listener: () => void): unknown;
  off(event: "drain", listener: () => void): unknown;
}

/** Told about each call: which began, and with what error it ended (none: well). */
export type Watch = (call: ByteCall) => (thrown?: unknown) => void;

interface Surroundings {
  readonly watch: Watch;
  readonly stopping: AbortSignal;
}

export function addByteMethods(
  server: Server,
  methods: readonly ByteMethod[],
  around: Surroundings,
): void {
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const handlers: Record<string, UntypedHandleCall> = {};
  for (const method of methods) {
    definition[method.path] = bytesDefinition(method.path, method.kind);
    handlers[method.path] = handlerOf(method, around);
  }
  server.addService(definition, handlers);
}

export function bytesDefinition(
  path: string,
  kind: ByteMethod["kind"],
): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: kind === "bidi_streaming",
    responseStream: kind !== "unary",
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

/** A view, not a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const same = (bytes: Buffer): Buffer => bytes;

function handlerOf(method: ByteMethod, around: Surroundings): UntypedHandleCall {
  switch (method.kind) {
    case "unary":
      return (call: BytesUnary, answer: sendUnaryData<Buffer>) =>
        void answerUnary({ method, call, answer, watch: around.watch });
    case "server_streaming":
      return (call: BytesStream) =>
        void pump({
          path: method.path,
          call,
          around,
          open: (seen) => method.handle(call.request, seen),
          fail: (status) => call.emit("error", status),
        });
    case "bidi_streaming":
      return (call: BytesDuplex) =>
        void pump({
          path: method.path,
          call,
          around,
          open: (seen) => method.handle(call, seen),
          fail: (status) => call.emit("error", status),
        });
  }
}

async function answerUnary(o: {
  method: ByteMethod & { kind: "unary" };
  call: BytesUnary;
  answer: sendUnaryData<Buffer>;
  watch: Watch;
}): Promise<void> {
  const seen = seenCall(o.method.path, o.call);
  const ended = o.watch(seen);
  try {
    const response = asBuffer(await o.method.handle(o.call.request, seen));
    ended();
    o.answer(null, response);
  } catch (thrown) {
    ended(thrown);
    o.answer(statusFrom(thrown, seen.signal.aborted));
  }
}

async function pump(o: {
  path: string;
  call: Answering;
  around: Surroundings;
  open: (seen: ByteCall) => AsyncIterable<Uint8Array>;
  fail: (status: Partial<StatusObject>) => void;
}): Promise<void> {
  const { call } = o;
  const { stopping } = o.around;
  const left = seenCall(o.path, call);
  const seen = { ...left, signal: AbortSignal.any([left.signal, stopping]) };
  const ended = o.around.watch(seen);
  let thrown: unknown;
  try {
    for await (const message of o.open(seen)) {
      if (seen.signal.aborted) break;
      if (!call.write(asBuffer(message))) await drained(call, seen.signal);
    }
  } catch (error) {
    thrown = error;
  }
  if (left.signal.aborted) return ended();
  if (stopping.aborted) {
    o.fail({ code: status.UNAVAILABLE, details: "the server is stopping" });
    return ended();
  }
  ended(thrown);
  if (thrown === undefined) call.end();
  else o.fail(statusFrom(thrown, false));
}

function seenCall(path: string, call: BytesUnary | Answering): ByteCall {
  const controller = new AbortController();
  call.once("cancelled", () => controller.abort(new Error(`${path}: the caller left`)));
  const deadline = call.getDeadline();
  return {
    path,
    metadata: call.metadata,
    signal: controller.signal,
    peer: call.getPeer(),
    deadlineMs: typeof deadline === "number" ? deadline : deadline.getTime(),
  };
}

function drained(call: Answering, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    call.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
