// A protobuf-es service and its typed handlers, as byte methods.
import {
  create,
  fromBinary,
  isMessage,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { ByteCall, ByteMethod } from "./byte-methods.ts";
import type { CallContext } from "./call.ts";
import { RpcCode, RpcError } from "./rpc-error.ts";

type Method = DescMethod;
type RequestOf<M extends Method> = MessageShape<M["input"]>;
type ResponseOf<M extends Method> = MessageInitShape<M["output"]>;

/** What a method of a service is written as: unary, server stream or both ways. */
export type HandlerOf<M> = M extends Method & { methodKind: "unary" }
  ? (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>> | ResponseOf<M>
  : M extends Method & { methodKind: "server_streaming" }
    ? (request: RequestOf<M>, context: CallContext) => AsyncIterable<ResponseOf<M>>
    : M extends Method & { methodKind: "bidi_streaming" }
      ? (
          requests: AsyncIterable<RequestOf<M>>,
          context: CallContext,
        ) => AsyncIterable<ResponseOf<M>>
      : never;

export type Handlers<S extends DescService> = {
  readonly [K in keyof S["method"]]: HandlerOf<S["method"][K]>;
};

/** A service as `serveGrpc` takes it. */
export interface ServiceImplementation {
  readonly service: DescService;
  /** `contextOf` makes the handler's context of a call. */
  methods(contextOf: (call: ByteCall) => CallContext): ByteMethod[];
}

type AnyHandler = (
  request: unknown,
  context: CallContext,
) => Promise<MessageInitShape<DescMessage>> | AsyncIterable<MessageInitShape<DescMessage>>;

/** Ties handlers to their service; the compiler checks that each method is there and fits. */
export function implementation<S extends DescService>(
  service: S,
  handlers: Handlers<S>,
): ServiceImplementation {
  return {
    service,
    methods: (contextOf) =>
      service.methods.map((method) => {
        const found: unknown = handlers[method.localName];
        if (typeof found !== "function")
          throw new Error(`${pathOf(method)}: no handler ${method.localName} was given`);
        return byteMethodOf(method, found.bind(handlers) as AnyHandler, contextOf); // checked by Handlers<S>
      }),
  };
}

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function byteMethodOf(
  method: DescMethod,
  handler: AnyHandler,
  contextOf: (call: ByteCall) => CallContext,
): ByteMethod {
  const path = pathOf(method);
  switch (method.methodKind) {
    case "unary":
      return {
        kind: "unary",
        path,
        handle: async (request, call) =>
          encode(method.output, await one(handler(decode(method.input, request), contextOf(call)))),
      };
    case "server_streaming":
      return {
        kind: "server_streaming",
        path,
        handle: (request, call) =>
          encodeAll(method.output, () =>
            many(handler(decode(method.input, request), contextOf(call))),
          ),
      };
    case "bidi_streaming":
      return {
        kind: "bidi_streaming",
        path,
        handle: (requests, call) =>
          encodeAll(method.output, () =>
            many(handler(decodeAll(method.input, requests), contextOf(call))),
          ),
      };
    case "client_streaming":
      throw new Error(`${path}: client streams are not supported`);
  }
}

type Init = MessageInitShape<DescMessage>;
type Answer = Promise<Init> | AsyncIterable<Init>;

function one(answer: Answer): Promise<Init> {
  return Promise.resolve(answer as Promise<Init>); // the method's kind says which of the two it is
}

function many(answer: Answer): AsyncIterable<Init> {
  return answer as AsyncIterable<Init>; // the method's kind says which of the two it is
}

/** The caller's fault, and the caller is told so. */
function decode(message: DescMessage, bytes: Uint8Array): MessageShape<DescMessage> {
  try {
    return fromBinary(message, bytes);
  } catch (cause) {
    throw new RpcError(RpcCode.INVALID_ARGUMENT, `not a ${message.typeName}`, { cause });
  }
}

export function encode(message: DescMessage, value: Init): Uint8Array {
  return toBinary(message, isMessage(value, message) ? value : create(message, value));
}

async function* encodeAll(
  message: DescMessage,
  open: () => AsyncIterable<Init>,
): AsyncGenerator<Uint8Array> {
  for await (const value of open()) yield encode(message, value);
}

async function* decodeAll(
  message: DescMessage,
  requests: AsyncIterable<Uint8Array>,
): AsyncGenerator<MessageShape<DescMessage>> {
  for await (const request of requests) yield decode(message, request);
}
