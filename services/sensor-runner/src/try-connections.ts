// The connections that sensors use, tried over the same guarded way out, and without reading anything.
import { postgresAddress, tryPostgres } from "@chasqui/chassis";
import type { TryConnection } from "@chasqui/chassis";
import type { AddressPolicy } from "./ports/addresses.ts";
import type { Connections } from "./ports/connections.ts";

type Tried = "postgres" | "http" | "s3" | "gcs" | "kubernetes";

export function connectionTries(options: {
  readonly policy: AddressPolicy;
  readonly connections: Connections;
}): Readonly<Record<Tried, TryConnection>> {
  const { policy, connections } = options;
  const outside = () => import("./ports/try-outside.ts");
  return {
    postgres: (name, signal) =>
      tryPostgres(postgresAddress(connections.of(name, "postgres")), {
        service: "sensor-runner",
        signal,
      }),
    http: async (name, signal) =>
      (await outside()).tryHttp(connections.of(name, "http"), policy, signal),
    s3: async (name, signal) => (await outside()).tryS3(connections.of(name, "s3"), policy, signal),
    gcs: async (name, signal) =>
      (await outside()).tryGcs(connections.of(name, "gcs"), policy, signal),
    kubernetes: async (name, signal) => {
      const { tryKubernetes } = await import("./ports/look-k8s.ts");
      return tryKubernetes(connections.of(name, "kubernetes"), signal);
    },
  };
}
