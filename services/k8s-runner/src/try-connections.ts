// The connections that this service uses, tried by listing pods where tasks would run.
import { connectionOf } from "@chasqui/chassis";
import type { EnvironmentFile, TryConnection } from "@chasqui/chassis";

export function connectionTries(
  file: EnvironmentFile,
  env: NodeJS.ProcessEnv,
): Readonly<Record<"kubernetes", TryConnection>> {
  return {
    async kubernetes(name, signal) {
      const { kubeApi, kubeConfig, readKubernetesConnection } = await import("@chasqui/kubernetes");
      const connection = readKubernetesConnection(connectionOf(file, name, "kubernetes", env));
      const config = kubeConfig(connection);
      const path = `/api/v1/namespaces/${connection.namespace}/pods`;
      await kubeApi(config).json({ method: "GET", path, query: { limit: 1 } }, signal);
      return `pods of ${connection.namespace} at ${config.getCurrentCluster()?.server ?? "the cluster"}`;
    },
  };
}
