// ConnectionService: what the environment file says, and what the services that resolve connections find. The console
// resolves none for it: what it knows of webhooks, it answers as any other service.
import { randomBytes } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Bus } from "@chasqui/bus";
import { RpcCode, RpcError, TEST_MS, authorize, implementation } from "@chasqui/chassis";
import type { EnvironmentFile, ServiceImplementation } from "@chasqui/chassis";
import {
  ConnectionService,
  ConnectionTestSchema,
  TryConnectionSchema,
  subjects,
} from "@chasqui/contracts";
import type { ConnectionSchema } from "@chasqui/contracts";

/** Longer than a service may take, so that its own words arrive. */
const ASK_MS = TEST_MS + 2_000;

export interface ConnectionDeps {
  readonly bus: Pick<Bus, "ask">;
  readonly environment: EnvironmentFile;
  readonly environmentName: string;
  readonly askMs?: number;
}

export function connectionService(deps: ConnectionDeps): ServiceImplementation {
  const { environment, environmentName } = deps;
  return implementation(ConnectionService, {
    async listConnections(_request, { principal }) {
      authorize(principal, "read", "connection/*");
      const names = Object.keys(environment.connections).sort();
      const connections = names.map((name) => viewOf(environment, name));
      return { connections, environment: environmentName };
    },

    async testConnection({ name }, { principal }) {
      authorize(principal, "test", `connection/${name}`);
      if (!Object.hasOwn(environment.connections, name)) {
        const known = Object.keys(environment.connections).sort().join(", ");
        throw new RpcError(
          RpcCode.NOT_FOUND,
          `no connection is called ${JSON.stringify(name)} in ${environmentName}: there are ${known || "none"}`,
        );
      }
      const usedBy = viewOf(environment, name).usedBy ?? [];
      return { tests: await Promise.all(usedBy.map((service) => askOne(deps, service, name))) };
    },
  });
}

/** As it is written: a reference stays a reference. */
function viewOf(
  { connections, connectionTypes }: EnvironmentFile,
  name: string,
): MessageInitShape<typeof ConnectionSchema> & { readonly usedBy?: string[] } {
  const { type = "", ...values } = connections[name] ?? {};
  const known = Object.hasOwn(connectionTypes, type) ? connectionTypes[type] : undefined;
  return {
    name,
    type,
    usedBy: [...(known?.usedBy ?? [])],
    fields: Object.entries(values).map(([field, written]) => ({
      name: field,
      written: String(written),
      secret: known?.fields[field]?.secret === true,
    })),
  };
}

async function askOne(
  { bus, askMs = ASK_MS }: ConnectionDeps,
  service: string,
  name: string,
): Promise<MessageInitShape<typeof ConnectionTestSchema>> {
  const question = toBinary(TryConnectionSchema, create(TryConnectionSchema, { name }));
  const startMs = performance.now();
  try {
    const answer = await bus.ask(subjects.connectionTest(service), question, {
      timeoutMs: askMs,
      answerTo: subjects.connectionAnswer(randomBytes(12).toString("hex")),
    });
    return { ...fromBinary(ConnectionTestSchema, answer), service };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const tookMs = Math.round(performance.now() - startMs);
    return { service, ok: false, message: `${service} was not reached: ${why}`, tookMs };
  }
}
