// The one door of the console: calls of other services pass through as bytes, unary and server streams, with
// their metadata, deadline and cancellation; the door knows names, not messages.
import type { Client, Metadata } from "@grpc/grpc-js";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ByteCall, ByteMethod } from "./byte-methods.ts";
import { openChannel, streamBytes, unaryBytes } from "./client.ts";
import type { ServiceImplementation } from "./implementation.ts";
import { pathOf } from "./implementation.ts";
import { startServer, type GrpcServer, type GrpcServerOptions } from "./server.ts";

export interface Route {
  readonly service: DescService;
  /** host:port of its owner. */
  readonly address: string;
}

export interface ForwardOptions extends Omit<GrpcServerOptions, "services"> {
  readonly routes: readonly Route[];
  /** Services that the door answers itself. */
  readonly local: readonly ServiceImplementation[];
}

export async function forwardGrpc(options: ForwardOptions): Promise<GrpcServer> {
  const channels = new Map<string, Client>();
  const channelTo = (address: string): Client => {
    const channel = channels.get(address) ?? openChannel(address);
    channels.set(address, channel);
    return channel;
  };
  const methods = options.routes.flatMap(({ service, address }) =>
    service.methods.map((method) => forwardOf(method, channelTo(address))),
  );
  const described = options.routes.map(({ service }) => service);
  const server = await startServer({ ...options, services: options.local }, methods, described);
  return {
    ...server,
    name: "grpc door",
    async stop(deadlineMs) {
      await server.stop(deadlineMs);
      for (const channel of channels.values()) channel.close();
    },
  };
}

function forwardOf(method: DescMethod, channel: Client): ByteMethod {
  const path = pathOf(method);
  switch (method.methodKind) {
    case "unary":
      return {
        kind: "unary",
        path,
        handle: (request, call) => unaryBytes(channel, path, onward(request, call)),
      };
    case "server_streaming":
      return {
        kind: "server_streaming",
        path,
        handle: (request, call) => streamBytes(channel, path, onward(request, call)),
      };
    default:
      throw new Error(`${path}: the door passes unary calls and server streams only`);
  }
}

function onward(request: Buffer, { metadata, deadlineMs, signal }: ByteCall) {
  return { request, metadata: withoutTransport(metadata), deadlineMs, signal };
}

/** What belongs to the caller's connection is not passed on. */
function withoutTransport(metadata: Metadata): Metadata {
  const copy = metadata.clone();
  for (const key of ["user-agent", "host", "grpc-accept-encoding", "accept-encoding"])
    copy.remove(key);
  return copy;
}
