// grpc.reflection v1 and v1alpha, so that grpcurl and buf curl need no schema.
import { toBinary, type DescFile, type DescMessage, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { ServerReflection } from "@chasqui/contracts";
import type { ByteMethod } from "./byte-methods.ts";
import { implementation, type ServiceImplementation } from "./implementation.ts";
import { RpcCode } from "./rpc-error.ts";

export function reflectionServices(services: readonly DescService[]): ServiceImplementation[] {
  const index = lazyIndex(services);
  const filesOf = (file: DescFile | undefined, asked: string) =>
    file === undefined
      ? errorResponse(RpcCode.NOT_FOUND, `${JSON.stringify(asked)} is not known here`)
      : {
          case: "fileDescriptorResponse" as const,
          value: { fileDescriptorProto: withImports(file) },
        };
  const v1 = implementation(ServerReflection, {
    async *serverReflectionInfo(requests) {
      for await (const originalRequest of requests) {
        const { case: asked, value } = originalRequest.messageRequest;
        switch (asked) {
          case "listServices":
            yield {
              originalRequest,
              messageResponse: {
                case: "listServicesResponse",
                value: { service: services.map(({ typeName }) => ({ name: typeName })) },
              },
            };
            break;
          case "fileByFilename":
            yield { originalRequest, messageResponse: filesOf(index().byName.get(value), value) };
            break;
          case "fileContainingSymbol":
            yield { originalRequest, messageResponse: filesOf(index().bySymbol.get(value), value) };
            break;
          default:
            yield {
              originalRequest,
              messageResponse: errorResponse(RpcCode.UNIMPLEMENTED, "there are no extensions here"),
            };
        }
      }
    },
  });
  return [v1, asAlpha(v1)];
}

/** Older clients ask v1alpha; its messages have the same bytes. */
function asAlpha(v1: ServiceImplementation): ServiceImplementation {
  return {
    service: v1.service,
    methods: (contextOf) =>
      v1.methods(contextOf).map((method): ByteMethod => ({
        ...method,
        path: method.path.replace("/grpc.reflection.v1.", "/grpc.reflection.v1alpha."),
      })),
  };
}

function errorResponse(errorCode: number, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}

interface Index {
  readonly byName: ReadonlyMap<string, DescFile>;
  readonly bySymbol: ReadonlyMap<string, DescFile>;
}

/** Built when somebody asks; most servers are never asked. */
function lazyIndex(services: readonly DescService[]): () => Index {
  let index: Index | undefined;
  return () => (index ??= indexOf(services));
}

function indexOf(services: readonly DescService[]): Index {
  const byName = new Map<string, DescFile>();
  const bySymbol = new Map<string, DescFile>();
  const walk = (file: DescFile): void => {
    if (byName.has(file.proto.name)) return;
    byName.set(file.proto.name, file);
    for (const symbol of symbolsOf(file)) bySymbol.set(symbol, file);
    file.dependencies.forEach(walk);
  };
  for (const service of services) walk(service.file);
  return { byName, bySymbol };
}

function symbolsOf(file: DescFile): string[] {
  return [
    ...file.enums.map(({ typeName }) => typeName),
    ...file.messages.flatMap(symbolsOfMessage),
    ...file.services.flatMap((service) => [
      service.typeName,
      ...service.methods.map(({ name }) => `${service.typeName}.${name}`),
    ]),
  ];
}

function symbolsOfMessage(message: DescMessage): string[] {
  return [
    message.typeName,
    ...message.nestedEnums.map(({ typeName }) => typeName),
    ...message.nestedMessages.flatMap(symbolsOfMessage),
  ];
}

function withImports(file: DescFile): Uint8Array[] {
  const seen = new Map<string, Uint8Array>();
  const walk = (one: DescFile): void => {
    if (seen.has(one.proto.name)) return;
    seen.set(one.proto.name, toBinary(FileDescriptorProtoSchema, one.proto));
    one.dependencies.forEach(walk);
  };
  walk(file);
  return [...seen.values()];
}
